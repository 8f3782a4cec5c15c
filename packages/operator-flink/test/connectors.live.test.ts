import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { FIRST_INSTANT } from "@tidegate/core/operator";
import { copiesByPositions } from "./connectors/by-positions.js";
import { countsReads } from "./support/cluster.js";
import { ConnectorScene, creation } from "./support/connector-scene.js";
import { HOUR, MIDNIGHT } from "./support/requests.js";

jest.setTimeout(300_000);

const DAY = 24 * HOUR;

/** Half an hour off the others, so that bounds in another zone would be seen. */
const ZONE = "Asia/Kolkata";

/** A midnight there. */
const START = MIDNIGHT - 5.5 * HOUR;

/** Kafka's own hash sends these to the first, the second and the last partition of three. */
const KEYS = ["f", "a", "b"] as const;

const IN_PARALLEL = { flinkConfiguration: { "parallelism.default": "2" } };

/** What `copyTwice` copies. */
const NAMED = { columns: { id: "INT", name: "STRING" }, primaryKey: ["id"] };

/** What the source of `copyTwice` has in its interval in the end. */
const NOW = [
  { id: 1, name: "apple" },
  { id: 2, name: "quince" },
  { id: 3, name: "cherry" },
];

let scene: ConnectorScene;

beforeAll(async () => {
  scene = await ConnectorScene.start(KEYS.length);
}, 900_000);

afterAll(() => scene?.dispose());

beforeEach(async () => {
  await scene.clear();
  await scene.query("CREATE TABLE copy (id INT, partition INT, interval_lower BIGINT)");
});

describe("a table of a database as a source", () => {
  it.each([
    { timeType: "timestamp", column: "at", type: "TIMESTAMP(3)", length: HOUR, step: 1 },
    { timeType: "date", column: "day", type: "DATE", length: DAY, step: HOUR },
    { timeType: "epochMs", column: "ms", type: "BIGINT", length: HOUR, step: 1 },
    { timeType: "epochS", column: "s", type: "BIGINT", length: HOUR, step: 1_000 },
  ])(
    "gives each row to its interval by a $timeType, which the database selects by",
    async ({ timeType, column, type, length, step }) => {
      const times = [-step, 0, step, length - step, length, 2 * length - step, 2 * length];
      const rows = times.map((time, id) => `(${id}, ${START + time})`);
      await scene.query(`CREATE TABLE sold AS SELECT * FROM (VALUES ${rows.join(", ")}) AS sold (id, ms)`);
      // Its rows outside of the two intervals cannot be read at all.
      await scene.query(
        `CREATE VIEW sale AS SELECT id / CASE WHEN id BETWEEN 1 AND 5 THEN 1 ELSE 0 END AS id, ms, ms / 1000 AS s,
         to_timestamp(ms / 1000.0) AT TIME ZONE '${ZONE}' AS at,
         (to_timestamp(ms / 1000.0) AT TIME ZONE '${ZONE}')::date AS day FROM sold`,
      );
      const columns = { id: "INT", [column]: type };
      const source = { ...scene.table("sale"), columns, timeColumn: column, timeType };
      const job = { source, ...markedCopy(), timezone: ZONE };
      for (const lower of [START, START + length]) {
        expect(await scene.copy(job, lower, lower + length)).toMatchObject({ state: "SUCCEEDED" });
      }
      expect(await scene.copy(job, FIRST_INSTANT, START)).toMatchObject({
        state: "FAILED",
        error: { message: expect.stringContaining("division by zero") },
      });
      expect(await copied()).toEqual([
        ...[1, 2, 3].map((id) => ({ id, interval: START })),
        ...[4, 5].map((id) => ({ id, interval: START + length })),
      ]);
    },
  );

  it("gives each row once where it is read in parts", async () => {
    await scene.query(
      `CREATE TABLE sale AS SELECT id, ${START} + id AS ms FROM generate_series(-9, 30) AS id`,
    );
    const parts = { "scan.partition.column": "ms", "scan.partition.num": "4" };
    const columns = { id: "INT", ms: "BIGINT" };
    const source = { ...scene.table("sale", parts), columns, timeColumn: "ms", timeType: "epochMs" };
    const job = { source, ...markedCopy(), ...IN_PARALLEL };
    for (const lower of [START, START + 10, FIRST_INSTANT]) {
      const upper = lower === FIRST_INSTANT ? START + 5 : lower + 10;
      expect(await scene.copy(job, lower, upper)).toMatchObject({ state: "SUCCEEDED" });
    }
    expect(await copied()).toEqual([
      ...range(-9, 5).map((id) => ({ id, interval: FIRST_INSTANT })),
      ...range(0, 10).map((id) => ({ id, interval: START })),
      ...range(10, 20).map((id) => ({ id, interval: START + 10 })),
    ]);
  });
});

describe("a table of a database in shards", () => {
  it.each([
    ["its time", {}, 2],
    ["a column of numbers", { split: { column: "id", from: 0, to: 9 } }, 3],
  ])("gives each row to one of them, by %s", async (_, split, count) => {
    await scene.query(`CREATE TABLE sale (id INT, ms BIGINT);
      INSERT INTO sale SELECT n, ${START} + n * ${HOUR / 10} FROM generate_series(0, 9) n;
      INSERT INTO sale VALUES (NULL, ${START}), (-7, ${START + 1}), (99, ${START + HOUR - 1}), (1, ${START + HOUR});
      CREATE TABLE copied (id INT, ms BIGINT PRIMARY KEY);
      UPDATE sale SET ms = ms + 2 WHERE id = 0`);
    const columns = { id: "INT", ms: "BIGINT" };
    const sync: JsonObject = {
      source: { ...scene.table("sale"), columns, timeColumn: "ms", timeType: "epochMs", ...split },
      sink: { ...scene.table("copied"), primaryKey: ["ms"] },
    };
    const bounds = { lower: START, upper: START + HOUR };
    const written = await scene.copyInShards(sync, { ...bounds, target: 2, into: "copied" });
    expect(written).toHaveLength(count);
    expect(written.reduce((sum, rows) => sum + rows, 0)).toBe(13);
    for (const rows of written) expect(rows).toBeGreaterThan(0);
    expect(await scene.query("SELECT id, ms FROM copied ORDER BY ms")).toEqual(
      await scene.query(`SELECT id, ms FROM sale WHERE ms < ${START + HOUR} ORDER BY ms`),
    );
  });
});

describe("a table of a database as a sink", () => {
  it("has each row once after an interval was run twice, and as the source has it now", async () => {
    await scene.query("CREATE TABLE stock (id INT PRIMARY KEY, name TEXT)");
    const sink = { ...scene.table("stock"), ...NAMED };
    await copyTwice(sink);
    expect(await scene.query("SELECT * FROM stock ORDER BY id")).toEqual(NOW);
  });
});

describe("a topic as a source", () => {
  it("gives each record to the interval of the latest time up to it in its partition", async () => {
    const [, second, last] = KEYS;
    const inSecond = [-10, 0, 5, 2, -1, HOUR, HOUR - 1, 2 * HOUR - 1, 2 * HOUR, 3];
    const inLast = [HOUR - 1, HOUR + 1, 0];
    await scene.produce("disorder", [
      ...inSecond.map((time, id) => ({ id, key: second, at: START + time })),
      ...inLast.map((time, id) => ({ id: 100 + id, key: last, at: START + time })),
    ]);
    const job = { ...partitionedCopy("disorder"), ...IN_PARALLEL };
    const first = await scene.copy(job, START, START + HOUR);
    const figures = countsReads(scene.flink) ? { metrics: { rowsRead: 5 } } : {};
    expect(first).toEqual({ state: "SUCCEEDED", ...figures });
    expect(await scene.copy(job, START + HOUR, START + 2 * HOUR)).toMatchObject({ state: "SUCCEEDED" });
    expect(await copied()).toEqual([
      ...[1, 2, 3, 4].map((id) => ({ id, partition: 1, interval: START })),
      { id: 100, partition: 2, interval: START },
      ...[5, 6, 7].map((id) => ({ id, partition: 1, interval: START + HOUR })),
      ...[101, 102].map((id) => ({ id, partition: 2, interval: START + HOUR })),
    ]);
  });

  it("ends where nothing has been written, and has nothing", async () => {
    await scene.kafka.createTopic("silence", { partitions: 2, settings: { "cleanup.policy": "compact" } });
    await scene.produce("past", [{ id: 1, key: "a", at: START }]);
    for (const topic of ["silence", "past"]) {
      const outcome = await scene.copy(partitionedCopy(topic), START + HOUR, START + 2 * HOUR);
      expect(outcome).toEqual({ state: "SUCCEEDED" });
    }
    expect(await copied()).toEqual([]);
  });

  it("misses what is written after its interval was read, until that is run again", async () => {
    const job = partitionedCopy("late");
    await scene.produce("late", [{ id: 1, key: KEYS[0], at: START }]);
    await scene.copy(job, START, START + HOUR);
    await scene.produce("late", [{ id: 2, key: KEYS[0], at: START + 1 }]);
    await scene.copy(job, START + HOUR, START + 2 * HOUR);
    const read = { partition: 0, interval: START };
    expect(await copied()).toEqual([{ id: 1, ...read }]);
    await scene.query("TRUNCATE copy");
    await scene.copy(job, START, START + HOUR);
    expect(await copied()).toEqual([1, 2].map((id) => ({ id, ...read })));
  });

  it("is read from its first record to a time that is not yet, for a full copy", async () => {
    const times = [0, START, MIDNIGHT];
    await scene.produce(
      "all",
      times.map((at, id) => ({ id, key: KEYS[0], at })),
    );
    const outcome = await scene.copy(partitionedCopy("all"), FIRST_INSTANT, Date.now() + DAY);
    expect(outcome).toMatchObject({ state: "SUCCEEDED" });
    expect(await copied()).toEqual(times.map((_, id) => ({ id, partition: 0, interval: FIRST_INSTANT })));
  });

  it("ends behind a transaction, whose end counts as a record of the time when it was committed", async () => {
    const writing = {
      "sink.delivery-guarantee": "exactly-once",
      "sink.transactional-id-prefix": "test",
      // Kafka allows fifteen minutes, and Flink asks for an hour.
      "properties.transaction.timeout.ms": "60000",
    };
    for (const [id, at] of [START, START + HOUR].entries()) {
      await scene.produce("transactions", [{ id, key: KEYS[0], at }], writing);
    }
    const bounds = [START, START + HOUR, START + 2 * HOUR, Date.now() + DAY];
    for (const [index, lower] of bounds.slice(0, -1).entries()) {
      const outcome = await scene.copy(partitionedCopy("transactions"), lower, bounds[index + 1]!);
      expect(outcome).toMatchObject({ state: "SUCCEEDED" });
    }
    expect(await copied()).toEqual([
      { id: 0, partition: 0, interval: START },
      { id: 1, partition: 0, interval: START + 2 * HOUR },
    ]);
  });
});

describe("a topic as a sink", () => {
  it("of upserts has each row once after an interval was run twice, and as the source has it now", async () => {
    await scene.query("CREATE TABLE folded (id INT PRIMARY KEY, name TEXT, times INT)");
    await copyTwice({ ...scene.upsertTopic("upserts"), ...NAMED });
    const console = await scene.console("streaming");
    const key = "PRIMARY KEY (id) NOT ENFORCED";
    const topic = scene.upsertTopic("upserts", { "scan.bounded.mode": "latest-offset" });
    await console.type(creation("topic", `id INT, name STRING, ${key}`, topic));
    await console.type(creation("folded", `id INT, name STRING, times INT, ${key}`, scene.table("folded")));
    await console.type(
      "INSERT INTO folded SELECT id, MAX(name), CAST(COUNT(*) AS INT) FROM topic GROUP BY id",
    );
    const rows = await scene.query("SELECT * FROM folded ORDER BY id");
    expect(rows).toEqual(NOW.map((row) => ({ ...row, times: 1 })));
  });

  it("that appends has each row twice after an interval was run twice", async () => {
    await copyTwice({ ...scene.topic("appended"), columns: NAMED.columns, rerun: "appends" });
    await scene.copy(partitionedCopy("appended"), FIRST_INSTANT, Date.now() + DAY);
    const rows = await scene.query("SELECT id, COUNT(*)::INT AS times FROM copy GROUP BY id ORDER BY id");
    expect(rows).toEqual(NOW.map(({ id }) => ({ id, times: 2 })));
  });
});

copiesByPositions(() => scene);

/** Copies an interval, and once more after one of its rows has changed. */
async function copyTwice(sink: JsonObject): Promise<void> {
  await scene.query(
    `CREATE TABLE fruit AS SELECT id, name, ${START} AS ms
     FROM (VALUES (1, 'apple'), (2, 'pear'), (3, 'cherry')) AS fruit (id, name)`,
  );
  const columns = { ...NAMED.columns, ms: "BIGINT" };
  const source = { ...scene.table("fruit"), columns, timeColumn: "ms", timeType: "epochMs" };
  for (const name of ["pear", "quince"]) {
    await scene.query(`UPDATE fruit SET name = '${name}' WHERE id = 2`);
    const outcome = await scene.copy(
      { source, sink, select: { id: "id", name: "name" } },
      START,
      START + HOUR,
    );
    expect(outcome).toMatchObject({ state: "SUCCEEDED" });
  }
}

/** Appends ids to the table `copy`, each with its interval's lower bound, so that a row that is read twice is seen. */
function markedCopy(partition = "CAST(NULL AS INT)") {
  const columns = { id: "INT", partition: "INT", interval_lower: "BIGINT" };
  return {
    sink: { ...scene.table("copy"), columns, rerun: "appends" },
    select: { id: "id", partition, interval_lower: "{{lower.epochMs}}" },
  };
}

/** Copies a topic into the table `copy`, with the partitions of its records. */
function partitionedCopy(topic: string): JsonObject {
  const columns = { id: "INT", part: "INT METADATA FROM 'partition' VIRTUAL" };
  return { source: { ...scene.topic(topic), columns }, ...markedCopy("part") };
}

/** What is in the table `copy`. */
async function copied(): Promise<object[]> {
  const rows = await scene.query<{ id: number; partition: number | null; interval_lower: string }>(
    "SELECT * FROM copy ORDER BY interval_lower, id",
  );
  return rows.map(({ id, partition, interval_lower }) => ({
    id,
    ...(partition === null ? {} : { partition }),
    interval: Number(interval_lower),
  }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
