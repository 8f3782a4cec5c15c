import { NameSpace } from "@tidegate/engine-kit";
import { SECRET } from "@tidegate/test-outside";
import { DolphinServer } from "@tidegate/test-servers";
import type { DolphinSchedulerEngineOptions } from "../../src/index.js";
import { settingsOf } from "../../src/options.js";
import { DolphinApi } from "../../src/rest/dolphin-api.js";
import { DolphinRest } from "../../src/rest/dolphin-rest.js";

/** A DolphinScheduler whose worker has the secret. */
export function startDolphin(): Promise<DolphinServer> {
  return DolphinServer.start({ secret: SECRET });
}

/** DolphinScheduler's REST API, for a test to look with and to meddle. */
export function restOf(dolphin: DolphinServer): DolphinRest {
  return new DolphinRest(settingsOf(optionsFor(dolphin, "http://127.0.0.1:9/", "test")));
}

/** The part of it that the engine works with. */
export function apiOf(dolphin: DolphinServer, project?: string): DolphinApi {
  const options = optionsFor(dolphin, "http://127.0.0.1:9/", "test", project);
  return new DolphinApi(restOf(dolphin), settingsOf(options));
}

/** What an engine of a test is given. */
export function optionsFor(
  dolphin: DolphinServer,
  callbackUrl: string,
  prefix: string,
  project = "tidegate",
): DolphinSchedulerEngineOptions {
  const { url, token, tenantCode, secretFile } = dolphin;
  return {
    url,
    token,
    tenantCode,
    secretFile,
    callback: { url: callbackUrl },
    prefix,
    project,
    finestPeriodMs: 2_000,
    requestTimeoutMs: 60_000,
  };
}

/** Ends all that an installation has in DolphinScheduler: tasks that knock at a closed door would slow the next test. */
export async function silence(api: DolphinApi, prefix: string): Promise<void> {
  const workflows = (await api.workflows()).filter(({ name }) =>
    name.startsWith(new NameSpace(prefix).prefix),
  );
  for (const { code, name, isOnline } of workflows) if (isOnline) await api.release(code, name, "OFFLINE");
  for (const { code } of workflows) await api.stopInstances(code);
}
