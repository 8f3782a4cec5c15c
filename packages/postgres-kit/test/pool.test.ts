import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PostgresServer } from "@tidegate/test-servers";
import type { Addresses } from "../src/connection-string.js";
import { openPool } from "../src/pool.js";

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 180_000);

afterAll(() => server?.dispose());

describe("a connection that breaks", () => {
  const addresses = (urls: number): Addresses => ({
    urls: Array(urls).fill(server.url()) as [string, ...string[]],
    connectTimeoutMs: undefined,
  });
  const end = (pid: number): Promise<unknown[]> => server.query(`SELECT pg_terminate_backend(${pid})`);

  it.each([1, 2])("while nothing runs on it rejects what is asked next (%d addresses)", async (urls) => {
    const pool = openPool(addresses(urls), { max: 1 });
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const ended = new Promise((resolve) => client.once("end", resolve));
    await end(rows[0]!.pid);
    await ended;
    await expect(client.query("SELECT 1")).rejects.toThrow(/not queryable/);
    client.release(true);
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  it.each([1, 2])("while it is prepared is not given to anybody (%d addresses)", async (urls) => {
    let prepared = 0;
    const pool = openPool(addresses(urls), {
      max: 1,
      onConnect: async (client) => {
        prepared += 1;
        if (prepared > 1) return;
        const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
        const ended = new Promise((resolve) => client.once("end", resolve));
        await end(rows[0]!.pid);
        await ended;
        await client.query("SELECT 1");
      },
    });
    const asked = (): Promise<unknown> => pool.query("SELECT 1 AS one");
    const first = await asked().catch(() => "refused");
    // Among several addresses, the next is tried at once.
    expect(first).toEqual(urls === 1 ? "refused" : expect.objectContaining({ rows: [{ one: 1 }] }));
    expect(await asked()).toMatchObject({ rows: [{ one: 1 }] });
    await pool.end();
  });
});
