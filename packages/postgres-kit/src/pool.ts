import { Client, type ClientConfig, Pool, type PoolClient, type PoolConfig } from "pg";
import type { Addresses } from "./connection-string.js";
import { SilentConnection } from "./silence.js";

/** Postgres's code for a write that a standby refuses. */
const READ_ONLY = "25006";

/** Codes of a login that was refused, by their class. */
const REFUSED_LOGIN = /^28/;

/**
 * The system looks after connections on which nothing is said: one that leads nowhere breaks within half a minute, and not
 * after the two hours that are usual.
 */
const WATCHED = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/**
 * Returns a pool of connections to one database. If the connection string names several hosts, connections go to
 * the one of them that takes writes: that was found last, or the next if that is gone or has been demoted. Whatever
 * breaks a connection rejects the query on it, or the next one; it ends no process.
 *
 * @param addresses - absent if `config` names the host
 * @param config - further options; `onConnect` runs on hosts that take writes alone
 */
export function openPool(addresses: Addresses | undefined, config: Omit<PoolConfig, "Client">): Pool {
  const pool = poolOf(addresses, { ...WATCHED, ...config });
  // The pool replaces an idle connection that breaks; one that is in use has no listener of the pool's.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

function poolOf(addresses: Addresses | undefined, config: PoolConfig): Pool {
  if (addresses === undefined) return new CarefulPool(config);
  const { urls } = addresses;
  return urls.length === 1
    ? new CarefulPool({ ...config, connectionString: urls[0] })
    : new HostsPool(urls, config);
}

/** Returns whether the server does not let this user in: another host would not either. */
export function isRefusedLogin(error: unknown): boolean {
  return REFUSED_LOGIN.test(postgresCode(error) ?? "");
}

/** Returns whether the server does not take writes: the statement did nothing. */
export function isReadOnly(error: unknown): boolean {
  return postgresCode(error) === READ_ONLY;
}

/** Returns the code of an error of Postgres or of the system, such as `25006` or `ECONNREFUSED`. */
export function postgresCode(error: unknown): string | undefined {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] };
  if (typeof code === "string") return code;
  // If a name has several addresses, each has an error of its own.
  return Array.isArray(errors) ? postgresCode(errors[0]) : undefined;
}

type Connected = (error: Error | undefined, client: PoolClient | undefined, done: () => void) => void;

/** The error of `pg` for a statement that is not answered in time. */
const SILENCE = "Query read timeout";

/**
 * A pool that, once a connection has not answered, uses none that was idle at that time: if a firewall has forgotten one, it has
 * forgotten the others as well, and each of them would keep somebody waiting.
 */
class CarefulPool extends Pool {
  #releases = 0;
  /** After how many releases the last connection fell silent. */
  #silentAt = 0;
  /** After how many releases each connection became idle. */
  readonly #idleSince = new WeakMap<PoolClient, number>();

  constructor(config: PoolConfig) {
    super(config);
    this.on("release", (error: Error | undefined, client) => {
      this.#releases += 1;
      if (error instanceof SilentConnection || error?.message === SILENCE) this.#silentAt = this.#releases;
      else this.#idleSince.set(client, this.#releases);
    });
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<PoolClient> | undefined {
    const found = this.take();
    if (callback === undefined) return found;
    found.then(
      (client) => callback(undefined, client, (error?: Error | boolean) => client.release(error)),
      (error) => callback(error, undefined, () => {}),
    );
    return undefined;
  }

  protected async take(): Promise<PoolClient> {
    for (;;) {
      const client = await super.connect();
      if ((this.#idleSince.get(client) ?? Number.POSITIVE_INFINITY) > this.#silentAt) return client;
      client.release(true);
    }
  }
}

/** A server of several that does not take writes, such as a standby. */
class NotWritable extends Error {
  readonly code = READ_ONLY;
}

/** The hosts, and which of them takes writes as far as is known. */
class Hosts {
  readonly urls: readonly string[];
  #current = 0;

  constructor(urls: readonly string[]) {
    this.urls = urls;
  }

  get current(): number {
    return this.#current;
  }

  /** Gives up a host, unless another caller has done so already. */
  moveOn(from: number): void {
    if (this.#current === from) this.#current = (from + 1) % this.urls.length;
  }
}

class HostsPool extends CarefulPool {
  readonly #hosts: Hosts;

  constructor(urls: readonly string[], { onConnect, ...config }: PoolConfig) {
    const hosts = new Hosts(urls);
    class CurrentClient extends Client {
      constructor(options?: string | ClientConfig) {
        super({
          ...(typeof options === "object" ? options : {}),
          connectionString: hosts.urls[hosts.current],
        });
        // Whatever breaks a connection also rejects the query on it.
        this.on("error", () => {});
      }
    }
    super({
      ...config,
      Client: CurrentClient,
      onConnect: async (client) => {
        await requireWritable(client);
        await onConnect?.(client);
      },
    });
    this.#hosts = hosts;
  }

  /** Tries each host once more, if need be. @throws the last host's error */
  protected override async take(): Promise<PoolClient> {
    for (let left = 2 * this.#hosts.urls.length - 1; ; left -= 1) {
      const tried = this.#hosts.current;
      try {
        return await super.take();
      } catch (error) {
        if (left === 0 || isRefusedLogin(error)) throw error;
        this.#hosts.moveOn(tried);
      }
    }
  }
}

async function requireWritable(client: { query: Client["query"] }): Promise<void> {
  const { rows } = await client.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
  if (rows[0]?.transaction_read_only !== "off") throw new NotWritable("The server does not take writes.");
}
