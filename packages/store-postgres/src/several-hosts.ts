import { Client, type ClientConfig, type Pool, type PoolClient, type PoolConfig } from "pg";
import { isRefusedLogin } from "./postgres-errors.js";

/** A server of several that does not take writes, such as a standby. */
class NotWritable extends Error {
  /** Postgres's code for a write that a standby refuses. */
  readonly code = "25006";
}

/**
 * The hosts of a connection string, of which one can be written at a time: connections go to the one that was
 * found last, and to the next if that is gone or no longer takes writes.
 */
export class SeveralHosts {
  readonly #urls: readonly string[];
  #current = 0;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** Options of a pool whose connections go to the current host. */
  get poolOptions(): Pick<PoolConfig, "Client" | "onConnect"> {
    const current = (): string => this.#urls[this.#current]!;
    class CurrentClient extends Client {
      constructor(config?: string | ClientConfig) {
        super({ ...(typeof config === "object" ? config : {}), connectionString: current() });
        // Whatever breaks a connection also rejects the query on it.
        this.on("error", () => {});
      }
    }
    return { Client: CurrentClient, onConnect: requireWritable };
  }

  /**
   * Returns a connection of the pool to a host that takes writes, trying each host once more if need be.
   *
   * @throws the last host's error
   */
  async connect(pool: Pool): Promise<PoolClient> {
    for (let left = 2 * this.#urls.length - 1; ; left -= 1) {
      const tried = this.#current;
      try {
        return await pool.connect();
      } catch (error) {
        if (left === 0 || isRefusedLogin(error)) throw error;
        this.moveOn(tried);
      }
    }
  }

  /** Gives up a host, unless another caller has done so already. @param from - by default the current one */
  moveOn(from = this.#current): void {
    if (this.#current === from) this.#current = (from + 1) % this.#urls.length;
  }
}

async function requireWritable(client: { query: Client["query"] }): Promise<void> {
  const { rows } = await client.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
  if (rows[0]?.transaction_read_only !== "off") throw new NotWritable("The server does not take writes.");
}
