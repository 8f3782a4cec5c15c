import { createTidegate } from "@tidegate/core";
import { dashboard } from "@tidegate/dashboard";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { type Authorize, createManager, type Manager } from "@tidegate/manager";
import { sqliteStore } from "@tidegate/store-sqlite";
import { CommandError, EXIT_CODES } from "../exit-code.js";
import { defaultOperators } from "./operators.js";
import type { ServeSettings } from "./settings.js";

/** A manager that listens. */
export interface Serving {
  readonly url: string;
  readonly manager: Manager;
}

/** The variables with the tokens of lesser roles than that of `TIDEGATE_TOKEN`. */
const TOKENS = {
  viewer: "TIDEGATE_VIEWER_TOKEN",
  operator: "TIDEGATE_OPERATOR_TOKEN",
  editor: "TIDEGATE_EDITOR_TOKEN",
} as const;

/**
 * Returns who may use the REST interface, by the tokens in the environment.
 *
 * @throws CommandError if there is a token of a lesser role and none of an admin, who everybody would be
 */
export function authorizeOf(env: Readonly<Record<string, string | undefined>>): Authorize | undefined {
  const token = env.TIDEGATE_TOKEN || undefined;
  const given = Object.entries(TOKENS).filter(([, name]) => (env[name] ?? "") !== "");
  if (token !== undefined)
    return { token, tokens: Object.fromEntries(given.map(([role, name]) => [role, env[name]!])) };
  if (given.length === 0) return undefined;
  throw new CommandError(`${given[0]![1]}: needs TIDEGATE_TOKEN as well, the token of admins.`);
}

/**
 * Starts a manager.
 *
 * @param authorize - access control of the REST interface. @default everybody, on a loopback address only
 * @throws CommandError if the port is taken; others as `createTidegate` and `Manager.listen`
 */
export async function serve(settings: ServeSettings, authorize: Authorize | undefined): Promise<Serving> {
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
    ...(authorize === undefined ? {} : { authorize }),
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
