import { readFileSync } from "node:fs";
import { requireDuration } from "../input/duration.js";
import type { Connection } from "./api.js";
import { type Context, readContext } from "./contexts.js";

/** Where `tidegate serve` listens unless told otherwise. */
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
  const { url, token } = targetOf(options);
  const client = new ManagerClient({
    url,
    timeoutMs: requireDuration(options.timeout ?? "30s", "--timeout"),
    ...(token === undefined ? {} : { token }),
  });
  return { api: client, hasManager: true, close: async () => {} };
}

/** A token of the environment goes to whichever manager is named; one of a context only to its own. */
function targetOf({ url, context }: ConnectOptions): {
  readonly url: string;
  readonly token?: string | undefined;
} {
  const { TIDEGATE_URL, TIDEGATE_TOKEN } = process.env;
  const token = TIDEGATE_TOKEN || undefined;
  const given = url ?? (context === undefined ? TIDEGATE_URL || undefined : undefined);
  if (given !== undefined) return { url: given, token };
  const known = readContext(context);
  if (known === undefined) return { url: `http://127.0.0.1:${DEFAULT_PORT}`, token };
  return { url: known.url, token: token ?? tokenOf(known) };
}

function tokenOf({ tokenEnv, tokenFile }: Context): string | undefined {
  if (tokenEnv !== undefined) return process.env[tokenEnv];
  return tokenFile === undefined ? undefined : readFileSync(tokenFile, "utf8").trim();
}
