import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { PostgresServer } from "@tidegate/test-servers";
import { Client, type ClientConfig } from "pg";
import { Bed, HOUR, type requestOf } from "../bed.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const SECOND = { lower: START + HOUR, upper: START + 2 * HOUR };

describe("changes of tables, read out of a slot of Postgres", () => {
  let server: PostgresServer;
  let bed: Bed;
  let url: string;
  beforeAll(async () => {
    server = await PostgresServer.start(["fsync=off", "wal_level=logical"]);
  });
  afterAll(() => server.dispose());
  beforeEach(async () => {
    url = await server.createDatabase();
    bed = new Bed({ secrets: { shop: url } });
    await query("CREATE TABLE orders (id bigint PRIMARY KEY, note text, total numeric, at timestamptz)");
    await query("CREATE PUBLICATION shop FOR TABLE orders");
    await query("SELECT pg_create_logical_replication_slot('orders', 'pgoutput')");
  });
  afterEach(async () => {
    await query("SELECT pg_drop_replication_slot('orders')");
    await bed.dispose();
  });

  const query = <Row = Record<string, unknown>>(sql: string): Promise<Row[]> => server.query<Row>(sql, url);
  /** A position between two transactions: nobody else writes. */
  const position = async (): Promise<string> =>
    (await query<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn"))[0]!.lsn;
  const source = { format: "postgres-changes", connection: "shop", slot: "orders", publication: "shop" };
  const job = (target: JsonObject = { path: bed.target }): JsonObject => ({ source, target });
  const columnsOf = async (): Promise<[kind: unknown, columns: unknown, old: unknown][]> =>
    (await bed.rows("lsn, number, kind, columns, old")).map(({ kind, columns, old }) => [kind, columns, old]);

  it("has each change in exactly one range, as often as a range is read", async () => {
    const from = await position();
    await query("BEGIN; INSERT INTO orders VALUES (1, 'a'); INSERT INTO orders VALUES (2, 'b'); COMMIT");
    const between = await position();
    await query("UPDATE orders SET note = 'c' WHERE id = 1");
    await query("DELETE FROM orders WHERE id = 2");
    const to = await position();
    const written = [];
    for (const run of [
      { ...FIRST, positions: [from, between] as const },
      { ...SECOND, positions: [between, to] as const },
      { ...SECOND, positions: [between, to] as const, attempt: 2 },
    ])
      written.push((await bed.run({ job: job(), ...run })).metrics?.rowsWritten);
    expect(written).toEqual([2, 2, 2]);
    expect(await columnsOf()).toEqual([
      ["insert", '{"id":"1","note":"a","total":null,"at":null}', null],
      ["insert", '{"id":"2","note":"b","total":null,"at":null}', null],
      ["update", '{"id":"1","note":"c","total":null,"at":null}', null],
      ["delete", null, '{"id":"2"}'],
    ]);
  });

  it("keeps values as Postgres writes them, whatever its defaults are", async () => {
    await query(
      "ALTER DATABASE current SET TimeZone = 'Asia/Tokyo'".replace("current", new URL(url).pathname.slice(1)),
    );
    const from = await position();
    const note = 'tab\t"quote" \\ new\nline \u0001 é 😀';
    await query(
      `INSERT INTO orders VALUES (9223372036854775807, E'${note.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}', 0.10, '2026-01-01 00:00:00.000001+00')`,
    );
    await query("INSERT INTO orders VALUES (1, '', 'NaN', 'infinity')");
    const to = await position();
    await bed.run({ job: job(), ...FIRST, positions: [from, to] });
    const [first, second] = (await bed.rows("lsn, columns")).map(({ columns }) =>
      JSON.parse(String(columns)),
    );
    expect(first).toEqual({
      id: "9223372036854775807",
      note,
      total: "0.10",
      at: "2026-01-01 00:00:00.000001+00",
    });
    expect(second).toEqual({ id: "1", note: "", total: "NaN", at: "infinity" });
    expect(
      await bed.rows('DISTINCT schema, "table", typeof(committed_at) AS type, xid > 0 AS has_xid'),
    ).toEqual([{ schema: "public", table: "orders", type: "TIMESTAMP WITH TIME ZONE", has_xid: true }]);
  });

  it("is read as far as it goes if it is long, and writes into a table", async () => {
    const from = await position();
    await query("INSERT INTO orders SELECT n, repeat('x', 100) FROM generate_series(1, 20000) n");
    const to = await position();
    await query(
      'CREATE TABLE log (lsn text, number bigint, xid bigint, committed_at timestamptz, kind text, schema text, "table" text, columns json, old json, PRIMARY KEY (lsn, number))',
    );
    const target = {
      format: "postgres",
      connection: "shop",
      table: "log",
      write: "upsert",
      key: ["lsn", "number"],
    };
    const run = { job: job(target), ...FIRST, positions: [from, to] as const };
    expect(await bed.run(run)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 20_000 } });
    await bed.run({ ...run, attempt: 2 });
    expect(await query("SELECT count(*) AS count, max((columns ->> 'id')::bigint) AS last FROM log")).toEqual(
      [{ count: "20000", last: "20000" }],
    );
  });

  it("has the columns that the table had when it was written", async () => {
    const from = await position();
    await query("INSERT INTO orders (id, note) VALUES (1, 'a')");
    await query("ALTER TABLE orders DROP COLUMN note; ALTER TABLE orders ADD COLUMN city text");
    await query("INSERT INTO orders (id, city) VALUES (2, 'Rome')");
    await bed.run({ job: job(), ...FIRST, positions: [from, await position()] });
    expect((await columnsOf()).map(([, columns]) => columns)).toEqual([
      '{"id":"1","note":"a","total":null,"at":null}',
      '{"id":"2","total":null,"at":null,"city":"Rome"}',
    ]);
  });

  it("fails if the slot has passed the range, if the log ends before, or if it is not there", async () => {
    const from = await position();
    await query("INSERT INTO orders (id) VALUES (1)");
    const to = await position();
    const failed = async (positions: readonly [string, string], slot = "orders"): Promise<unknown> =>
      (await bed.run({ job: { ...job(), source: { ...source, slot } }, ...FIRST, positions })).error?.message;
    expect(await failed([from, "FFFF/0"])).toMatch(
      /^The log of the server ends at .+, before FFFF\/0: it went back\.$/,
    );
    expect(await failed([from, to], "none")).toMatch(/^There is no replication slot none /);
    await query(`SELECT pg_replication_slot_advance('orders', '${to}')`);
    expect(await failed([from, to])).toMatch(/^The slot orders begins at .+: changes in between are gone\.$/);
  });

  it("waits while somebody else has the slot", async () => {
    const from = await position();
    await query("INSERT INTO orders SELECT n FROM generate_series(1, 3) n");
    const to = await position();
    const other = new Client({ connectionString: url, replication: "database" } as ClientConfig);
    other.on("error", () => {});
    await other.connect();
    const streaming = `START_REPLICATION SLOT orders LOGICAL 0/0 (proto_version '1', publication_names 'shop')`;
    const streamed = other.query(streaming).catch(() => {});
    const isSeen = async (condition: string): Promise<boolean> => (await query(condition)).length > 0;
    while (!(await isSeen("SELECT 1 FROM pg_replication_slots WHERE slot_name = 'orders' AND active")));
    const running = bed.run({ job: job(), ...FIRST, positions: [from, to] });
    while (!(await isSeen("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep($1)'")));
    await query(
      "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'orders'",
    );
    expect(await running).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 3 } });
    await streamed;
    await other.end();
  });

  it("is refused without positions, with another slot than the schedule's, and for a full copy", async () => {
    const { operator } = bed;
    const planned = { type: "postgres-slot", slot: "orders", publication: "shop" };
    expect(() => operator.validateSource?.(job(), planned)).not.toThrow();
    expect(() => operator.validateSource?.(job(), { ...planned, slot: "other" })).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", message: expect.stringContaining("job.source.slot") }),
    );
    for (const run of [{}, { mode: "full" as const }])
      expect(await errorOf({ job: job(), ...FIRST, ...run })).toContain("is read by positions alone");
    expect(await errorOf({ job: job(), ...FIRST, positions: ["", "0/1"], mode: "full" })).toContain(
      "mode: must be incremental",
    );
  });

  async function errorOf(run: Parameters<typeof requestOf>[0]): Promise<string> {
    try {
      await bed.run(run);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  }
});
