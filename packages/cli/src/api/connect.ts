import { readFileSync } from "node:fs";
import { CommandError } from "../exit-code.js";
import { requireDuration } from "../input/duration.js";
import type { Connection } from "./api.js";
import type { Context } from "./contexts.js";

/** The address on which `tidegate serve` listens by default. */
export const DEFAULT_PORT = 8_080;

/** Options that say whom to talk to. */
export interface ConnectOptions {
  readonly url?: string;
  readonly context?: string;
  readonly store?: string;
  readonly namespace?: string;
  readonly timeout?: string;
}

/** Connects to a manager, or opens a store. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  if (options.store !== undefined) {
    const { openStore } = await import("./open-store.js");
    return openStore(options.store, options.namespace);
  }
  const { ManagerClient } = await import("@tidegate/client");
  const { url, token } = await targetOf(options);
  const client = new ManagerClient({
    url,
    timeoutMs: requireDuration(options.timeout ?? "30s", "--timeout"),
    ...(token === undefined ? {} : { token }),
  });
  return {
    api: client,
    events: (options) => client.events(options),
    hasManager: true,
    close: async () => {},
  };
}

interface Target {
  readonly url: string;
  readonly token: string | undefined;
}

/** A token of the environment goes to whichever manager is named; one of a context only to its own. */
async function targetOf({ url, context }: ConnectOptions): Promise<Target> {
  const { TIDEGATE_URL, TIDEGATE_TOKEN } = process.env;
  const token = TIDEGATE_TOKEN || undefined;
  const given = url ?? (context === undefined ? TIDEGATE_URL || undefined : undefined);
  if (given !== undefined) return { url: given, token };
  const { readContext } = await import("./contexts.js");
  const known = readContext(context);
  if (known === undefined) return { url: `http://127.0.0.1:${DEFAULT_PORT}`, token };
  return { url: known.url, token: token ?? tokenOf(known) };
}

function tokenOf({ tokenEnv, tokenFile }: Context): string | undefined {
  if (tokenEnv !== undefined) return process.env[tokenEnv];
  if (tokenFile === undefined) return undefined;
  try {
    return readFileSync(tokenFile, "utf8").trim();
  } catch (error) {
    throw new CommandError(`tokenFile: ${(error as Error).message}.`);
  }
}
