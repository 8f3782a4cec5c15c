import { createTidegate } from "@tidegate/core";
import { dashboard } from "@tidegate/dashboard";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager, type Manager } from "@tidegate/manager";
import { sqliteStore } from "@tidegate/store-sqlite";
import { CommandError, EXIT_CODES } from "../exit-code.js";
import { defaultOperators } from "./operators.js";
import type { ServeSettings } from "./settings.js";

/** A manager that listens. */
export interface Serving {
  readonly url: string;
  readonly manager: Manager;
}

/**
 * Starts a manager.
 *
 * @param token - bearer token of the REST interface. @default everybody, on a loopback address only
 * @throws CommandError if the port is taken; others as `createTidegate` and `Manager.listen`
 */
export async function serve(settings: ServeSettings, token: string | undefined): Promise<Serving> {
  const { host, port, store, log } = settings;
  const tidegate = createTidegate({
    ...settings.tidegate,
    store: sqliteStore(store),
    engines: [embeddedEngine()],
    operators: defaultOperators(settings),
  });
  const manager = createManager({
    ...settings.manager,
    tidegate,
    dashboard: dashboard(),
    ...(token === undefined ? {} : { authorize: { token } }),
    logger: log === "silent" ? false : { level: log, stream: process.stderr },
  });
  try {
    return { url: await manager.listen({ host, port }), manager };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new CommandError(
      `Port ${port} of ${host} is taken; choose another with --port, or a free one with --port 0.`,
      EXIT_CODES.failed,
    );
  }
}
