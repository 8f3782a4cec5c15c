import { randomBytes } from "node:crypto";
import { DolphinServer } from "@tidegate/test-servers";

/** A DolphinScheduler, and what its workers sign with. */
export interface Dolphin {
  readonly url: string;
  readonly token: string;
  readonly tenantCode: string;
  readonly secret: string;
  readonly secretFile?: string;
  readonly dispose: () => Promise<void>;
}

/** The one that the environment names, else one that is thrown away afterwards. */
export async function findDolphin(env: NodeJS.ProcessEnv): Promise<Dolphin> {
  const { DOLPHIN_URL: url, DOLPHIN_TOKEN: token, CALLBACK_SECRET: given } = env;
  if (url === undefined) return startDolphin();
  if (token === undefined || given === undefined) {
    throw new Error("Beside DOLPHIN_URL this needs DOLPHIN_TOKEN and CALLBACK_SECRET.");
  }
  const { DOLPHIN_TENANT: tenantCode = "default", DOLPHIN_SECRET_FILE: secretFile } = env;
  const dispose = async () => {};
  return { url, token, tenantCode, secret: given, ...(secretFile && { secretFile }), dispose };
}

async function startDolphin(): Promise<Dolphin> {
  console.log("Starting a DolphinScheduler of its own ...");
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const server = await DolphinServer.start({ secret });
  const { url, token, tenantCode, secretFile } = server;
  console.log(`It listens at ${url}.`);
  return { url, token, tenantCode, secret, secretFile, dispose: () => server.dispose() };
}
