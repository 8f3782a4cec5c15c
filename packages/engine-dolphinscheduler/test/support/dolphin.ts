import { DolphinServer } from "@tidegate/test-servers";
import type { DolphinSchedulerEngineOptions } from "../../src/index.js";
import { namePrefix } from "../../src/names.js";
import { settingsOf } from "../../src/options.js";
import { DolphinApi } from "../../src/rest/dolphin-api.js";
import { DolphinRest } from "../../src/rest/dolphin-rest.js";

/** What the tests sign with. */
export const SECRET = `whsec_${Buffer.from("a secret of the tests, 32 bytes!").toString("base64")}`;

/** A DolphinScheduler whose worker has the secret. */
export function startDolphin(): Promise<DolphinServer> {
  return DolphinServer.start({ secret: SECRET });
}

/** DolphinScheduler's REST API, for a test to look with and to meddle. */
export function restOf(dolphin: DolphinServer): DolphinRest {
  return new DolphinRest(settingsOf(optionsFor(dolphin, "http://127.0.0.1:9/", "test")));
}

/** The part of it that the engine works with. */
export function apiOf(dolphin: DolphinServer): DolphinApi {
  return new DolphinApi(restOf(dolphin), settingsOf(optionsFor(dolphin, "http://127.0.0.1:9/", "test")));
}

/** What an engine of a test is given. */
export function optionsFor(
  dolphin: DolphinServer,
  callbackUrl: string,
  prefix: string,
): DolphinSchedulerEngineOptions {
  const { url, token, tenantCode, secretFile } = dolphin;
  return {
    url,
    token,
    tenantCode,
    secretFile,
    callback: { url: callbackUrl },
    prefix,
    finestPeriodMs: 1_000,
  };
}

/** Takes all workflows of an installation offline, so that those of one test do not slow the next. */
export async function silence(api: DolphinApi, prefix: string): Promise<void> {
  for (const { code, name, isOnline } of await api.workflows()) {
    if (isOnline && name.startsWith(namePrefix(prefix))) await api.release(code, name, "OFFLINE");
  }
}
