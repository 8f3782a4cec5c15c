import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { freePort, TcpProxy } from "@tidegate/test-servers";
import { aNewSchedule, aPlan, aRun, minute, START, until } from "@tidegate/testkit";
import { Client } from "pg";
import { PostgresStore } from "../src/index.js";
import { StoreScene } from "./support/stores.js";

/** No test waits for that long. */
const LONGER_THAN_ANY_TEST_MS = 3_600_000;

let scene: StoreScene;

beforeAll(async () => {
  scene = await StoreScene.make(["track_functions=pl"]);
}, 180_000);

afterEach(() => scene.clear());

afterAll(() => scene.dispose());

async function watermarkOf(store: PostgresStore): Promise<number> {
  const [schedule] = await store.getSchedules(["orders"]);
  return schedule!.watermark;
}

/** Plans the next minute. */
async function planNext(store: PostgresStore): Promise<boolean[]> {
  const [schedule] = await store.getSchedules(["orders"]);
  return store.plan([aPlan(schedule!)]);
}

describe("plans of one run", () => {
  it("that are outdated are refused without being planned in general", async () => {
    const connectionString = await scene.server.createDatabase();
    const store = new PostgresStore({ connectionString });
    await store.open();
    await store.insertSchedules([aNewSchedule()]);
    const [schedule] = await store.getSchedules(["orders"]);
    expect(await store.plan([aPlan(schedule!)])).toEqual([true]);
    expect(await store.plan([aPlan(schedule!, { run: { id: "other" } })])).toEqual([false]);
    await store.close();
    const called = "SELECT funcname FROM pg_stat_user_functions WHERE funcname LIKE 'plan\\_%'";
    expect(await scene.server.query(called, connectionString)).toEqual([{ funcname: "plan_plain" }]);
  });
});

describe("opening", () => {
  it("a server that is not there fails with STORE_UNAVAILABLE, and tells no password", async () => {
    const connectionString = `postgres://me:secret@127.0.0.1:${await freePort()}/shop`;
    const opening = new PostgresStore({ connectionString }).open();
    await expect(opening).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(opening).rejects.toThrow(/127\.0\.0\.1:\d+\/shop: cannot be reached/);
    await expect(opening).rejects.not.toThrow(/secret/);
  });

  it("a malformed address is refused before anything is opened, and tells no password", () => {
    const opening = (): unknown =>
      new PostgresStore({ connectionString: "postgres://me:s3cret/pass@127.0.0.1:5432/shop" });
    expect(opening).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "connectionString" }),
    );
    expect(opening).not.toThrow(/s3cret/);
  });

  it("a database that does not exist says so", async () => {
    const connectionString = scene.server.url("nowhere");
    await expect(new PostgresStore({ connectionString }).open()).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("create it"),
    });
  });

  it("as a user that does not exist says so", async () => {
    const connectionString = scene.server.url().replace("tidegate@", "nobody@");
    await expect(new PostgresStore({ connectionString }).open()).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("refuses this user"),
    });
  });

  it("an empty database by eight at once makes one schema, and all of them work", async () => {
    const connectionString = await scene.server.createDatabase();
    const stores = Array.from({ length: 8 }, () => new PostgresStore({ connectionString }));
    await Promise.all(stores.map((store) => store.open()));
    const done = await Promise.all(stores.map((store) => store.insertSchedules([aNewSchedule()])));
    expect(done.flat().filter(Boolean)).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("what a later release has migrated that allows no earlier one fails with STORE_NEWER", async () => {
    const connectionString = await scene.server.createDatabase();
    const store = new PostgresStore({ connectionString });
    await store.open();
    await store.close();
    const note = `INSERT INTO tidegate.tidegate_migration VALUES ('9999-later', '2030-01-01')`;
    await scene.server.query(note, connectionString);
    const least = "UPDATE tidegate.tidegate_facts SET value = '9999-later' WHERE name = 'least'";
    await scene.server.query(least, connectionString);
    await expect(store.open()).rejects.toMatchObject({
      code: "STORE_NEWER",
      message: expect.stringContaining("9999-later"),
    });
  });

  it("two schemas of one database keeps them apart, whatever they are called", async () => {
    const [plain, odd] = [await scene.open(), await scene.open({ schema: `Zwei "Worte"; --` })];
    await plain.insertSchedules([aNewSchedule()]);
    expect(await odd.getSchedules(["orders"])).toEqual([undefined]);
    expect(await odd.insertSchedules([aNewSchedule()])).toEqual([true]);
    expect(await planNext(odd)).toEqual([true]);
    expect(await watermarkOf(plain)).toBe(START);
  });

  it("one schema for two namespaces at once keeps them apart, in a schema each", async () => {
    const connectionString = await scene.server.createDatabase();
    const names = ["shop", "depot", "shop", "depot", "ü".repeat(100)];
    const stores = names.map(() => new PostgresStore({ connectionString }));
    await Promise.all(stores.map((store, index) => store.open(names[index])));
    const done = await Promise.all(stores.map((store) => store.insertSchedules([aNewSchedule()])));
    expect(done.flat().filter(Boolean)).toHaveLength(3);
    await Promise.all(stores.map((store) => store.close()));
    const schemas = await scene.server.query<{ name: string }>(
      `SELECT schemaname AS name FROM pg_tables WHERE tablename = 'run' ORDER BY length(schemaname)`,
      connectionString,
    );
    expect(schemas).toHaveLength(3);
    expect(schemas[0]).toEqual({ name: "tidegate" });
  });

  it("a schema of a release without namespaces gives it to the first that opens it", async () => {
    const connectionString = await scene.server.createDatabase();
    const [store, other] = [new PostgresStore({ connectionString }), new PostgresStore({ connectionString })];
    await store.open("any");
    await store.insertSchedules([aNewSchedule()]);
    await store.close();
    await scene.server.query("DROP TABLE tidegate.tidegate_facts", connectionString);
    await store.open("shop");
    await other.open("depot");
    expect(await store.listVersions("orders")).toHaveLength(1);
    expect(await other.listVersions("orders")).toEqual([]);
    await Promise.all([store.close(), other.close()]);
  });

  it("a further namespace as a user who may create no schema says what to grant", async () => {
    const connectionString = await scene.server.createDatabase();
    await scene.server.query(
      `CREATE ROLE plain LOGIN; CREATE SCHEMA tidegate AUTHORIZATION plain`,
      connectionString,
    );
    const asPlain = connectionString.replace("tidegate@", "plain@");
    const [first, second] = [0, 1].map(() => new PostgresStore({ connectionString: asPlain }));
    await first!.open("shop");
    await expect(second!.open("depot")).rejects.toMatchObject({
      code: "STORE_READ_ONLY",
      message: expect.stringContaining('CREATE SCHEMA "tidegate:depot" AUTHORIZATION'),
    });
    await scene.server.query(`CREATE SCHEMA "tidegate:depot" AUTHORIZATION plain`, connectionString);
    await second!.open("depot");
    await Promise.all([first!.close(), second!.close()]);
  });

  it.each(["poolSize", "connectTimeoutMs", "statementTimeoutMs"])("with no %s is refused", (field) => {
    expect(() => new PostgresStore({ connectionString: scene.url, [field]: 0 })).toThrow(field);
  });
});

describe("a store", () => {
  it("opens no more connections than it may", async () => {
    const store = await scene.open({ poolSize: 3 });
    await Promise.all(Array.from({ length: 50 }, () => store.nextWake({ operators: [], now: 0 })));
    const text = "SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = 'tidegate'";
    const [row] = await scene.server.query<{ open: number }>(text);
    expect(row!.open).toBeLessThanOrEqual(3);
  });

  it("of a user who may only read says so", async () => {
    const store = await scene.open();
    await store.insertSchedules([aNewSchedule()]);
    const connectionString = `${scene.url}?options=-c%20default_transaction_read_only=on`;
    const reading = await scene.open({ connectionString });
    expect(await watermarkOf(reading)).toBe(START);
    await expect(planNext(reading)).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
  });

  it("keeps what Postgres has no character for, as well as it can be kept", async () => {
    const store = await scene.open();
    await store.insertSchedules([aNewSchedule()]);
    await planNext(store);
    const { id } = aRun();
    const error = { code: "JOB_FAILED", message: "null \u0000, half \ud83d, whole 😀, \\u0000 in letters" };
    await store.changeRuns([{ id, from: ["PLANNED"], state: "FAILED", at: 0, error }]);
    const [run] = await store.getRuns([id]);
    expect(run?.error?.message).toBe("null \ufffd, half \ufffd, whole 😀, \\u0000 in letters");
  });

  it("locks all that a batch touches in one order, so that two never wait for each other", async () => {
    const stores = [await scene.open(), await scene.open()];
    const groupIds = Array.from({ length: 40 }, (_, index) => `group-${index}`);
    await stores[0]!.insertSchedules(groupIds.map((groupId) => aNewSchedule({ spec: { groupId } })));
    const schedules = await stores[0]!.getSchedules(groupIds);
    await stores[0]!.plan(schedules.map((schedule) => aPlan(schedule!)));
    const ids = groupIds.map((groupId) => aRun({ groupId }).id);
    const give = (id: string) => ({ id, from: ["PLANNED"], state: "CANCELLED", at: 0 }) as const;
    const revive = (id: string) => ({ id, from: ["CANCELLED"], state: "PLANNED", at: 0 }) as const;
    const batch = (order: readonly string[]) => [
      ...order.slice(0, 20).map(give),
      revive(order[0]!),
      ...order.slice(20).map(give),
      ...order.map(revive),
    ];
    for (let round = 0; round < 15; round += 1) {
      await Promise.all([stores[0]!.changeRuns(batch(ids)), stores[1]!.changeRuns(batch(ids.toReversed()))]);
    }
    const text = "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()";
    await stores[0]!.close();
    await stores[1]!.close();
    expect(await scene.server.query(text, scene.url)).toEqual([{ deadlocks: 0 }]);
  });

  it("takes a run that is twice in a batch once", async () => {
    const store = await scene.open();
    const groupIds = ["orders", "returns"];
    await store.insertSchedules(groupIds.map((groupId) => aNewSchedule({ spec: { groupId } })));
    const [orders, returns] = await store.getSchedules(groupIds);
    const plan = aPlan(orders!);
    const twin = { ...aPlan(returns!), runs: [{ ...aPlan(returns!).runs[0]!, id: plan.runs[0]!.id }] };
    expect(await store.plan([plan, twin])).toEqual([true, false]);
    const [, second] = await store.getSchedules(groupIds);
    expect(second!.watermark).toBe(START);
  });
});

describe("a server that goes away", () => {
  it.each(["stop", "kill"] as const)(
    "by %s is told of by STORE_UNAVAILABLE, and found again",
    async (how) => {
      const store = await scene.open();
      await store.insertSchedules([aNewSchedule()]);
      await planNext(store);
      await scene.server[how]();
      await expect(planNext(store)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await scene.server.startAgain();
      expect(await watermarkOf(store)).toBe(minute(0).upper);
      expect(await planNext(store)).toEqual([true]);
    },
  );

  it("by standing still is told of as well, in time", async () => {
    const [patient, store] = [await scene.open(), await scene.open({ statementTimeoutMs: 5_000 })];
    await patient.insertSchedules([aNewSchedule()]);
    await scene.server.freeze();
    try {
      await expect(planNext(store)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    } finally {
      scene.server.thaw();
    }
    // On a machine that stands still, more than one answer is late.
    const isPlanned = () =>
      planNext(store).then(
        ([isDone]) => isDone === true,
        () => false,
      );
    await until(isPlanned, { what: "an answer in time" });
  });

  it("in the midst of making a schema causes STORE_UNAVAILABLE, and the schema is made once it is back", async () => {
    const proxy = await TcpProxy.start(scene.server.port);
    // Its first questions have some hundreds of bytes, and its steps more than a hundred thousand.
    for (const bytes of [500, 5_000, 50_000]) {
      const url = await scene.server.createDatabase();
      const connectionString = url.replace(`:${scene.server.port}`, `:${proxy.port}`);
      const store = new PostgresStore({ connectionString });
      const cut = proxy.cutAfter(bytes, "to-server");
      await expect(store.open()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await cut;
      await store.open();
      expect(await store.insertSchedules([aNewSchedule()])).toEqual([true]);
      await store.close();
    }
    await proxy.dispose();
  });

  it("in the midst of a command or an answer has done all of it or nothing", async () => {
    const proxy = await TcpProxy.start(scene.server.port);
    const connectionString = scene.url.replace(`:${scene.server.port}`, `:${proxy.port}`);
    const [cut, sound] = [await scene.open({ connectionString, poolSize: 1 }), await scene.open()];
    await sound.insertSchedules([aNewSchedule()]);
    const outcomes = new Set<string>();
    for (let turn = 0; turn < 120; turn += 1) {
      const before = await watermarkOf(sound);
      const commit = aPlan((await sound.getSchedules(["orders"]))[0]!, { count: 2 });
      // A connection begins with some hundreds of bytes each way, a plan has about 1,500 and its answer 150.
      const isCommand = turn % 2 === 0;
      void proxy.cutAfter((turn * 13) % (isCommand ? 1_800 : 700), isCommand ? "to-server" : "to-client");
      const answer = await cut.plan([commit]).then(
        ([isDone]) => `${isDone}`,
        ({ code }: { code: string }) => code,
      );
      const after = await watermarkOf(sound);
      expect([before, commit.newWatermark]).toContain(after);
      outcomes.add(`${answer} ${after === before ? "nothing" : "all"}`);
    }
    await proxy.dispose();
    expect([...outcomes].sort()).toEqual(["STORE_UNAVAILABLE all", "STORE_UNAVAILABLE nothing", "true all"]);
    const { items } = await sound.listRuns({ groupId: "orders" }, { limit: 1_000 });
    expect(items.at(-1)?.upper).toBe(await watermarkOf(sound));
    expect(await sound.coverage("orders")).toHaveLength(1);
  });

  it("after it has planned and claimed gives the same manager the run with its next claim, and no other", async () => {
    const proxy = await TcpProxy.start(scene.server.port);
    const connectionString = scene.url.replace(`:${scene.server.port}`, `:${proxy.port}`);
    const [cut, sound] = [await scene.open({ connectionString, poolSize: 1 }), await scene.open()];
    await sound.insertSchedules([aNewSchedule()]);
    const commit = aPlan((await cut.getSchedules(["orders"]))[0]!);
    const request = { operators: ["duckdb"], now: START, leaseUntil: START + 30_000, limit: 10 };
    void proxy.cutAfter(0, "to-client");
    await expect(cut.planAndClaim([commit], { owner: "first", ...request })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    expect(await watermarkOf(sound)).toBe(commit.newWatermark);
    expect(await sound.claim({ owner: "second", ...request })).toEqual([]);
    const soon = { owner: "first", ...request, now: START + 1, leaseUntil: START + 30_001 };
    expect(await cut.claim(soon)).toMatchObject([
      { run: { id: commit.runs[0]!.id, state: "SUBMITTING", attempt: 1 }, isRecovered: true },
    ]);
    expect(await cut.claim(soon)).toEqual([]);
    await proxy.dispose();
  });

  describe("whose connections a firewall has forgotten", () => {
    let proxy: TcpProxy;
    beforeEach(async () => {
      proxy = await TcpProxy.start(scene.server.port);
    });
    afterEach(() => proxy.dispose());

    const opened = (statementTimeoutMs: number): Promise<PostgresStore> => {
      const connectionString = scene.url.replace(`:${scene.server.port}`, `:${proxy.port}`);
      return scene.open({ connectionString, poolSize: 5, statementTimeoutMs });
    };
    const asked = (store: PostgresStore): Promise<unknown> =>
      Promise.all(Array.from({ length: 5 }, () => store.getSchedules(["orders"])));
    const forget = (): void => {
      proxy.swallow({ forgets: true });
      proxy.mend();
    };

    it.each([
      ["long before the statement times out, once it can be asked", LONGER_THAN_ANY_TEST_MS],
      ["when the statement times out", 1_000],
    ])("is found again %s, and none of them is used", async (_, statementTimeoutMs) => {
      const store = await opened(statementTimeoutMs);
      await asked(store);
      forget();
      await expect(store.getSchedules(["orders"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await asked(store);
    });
  });

  it("is waited for while it works on a statement, or waits for a lock", async () => {
    const store = await scene.open({ statementTimeoutMs: LONGER_THAN_ANY_TEST_MS });
    await store.insertSchedules([aNewSchedule()]);
    const [locker, watcher] = [new Client(scene.url), new Client(scene.url)];
    await Promise.all([locker.connect(), watcher.connect()]);
    const connections = async (): Promise<number> => {
      const { rows } = await watcher.query("SELECT sum(sessions)::int AS count FROM pg_stat_database");
      return rows[0].count;
    };
    await locker.query("BEGIN; LOCK TABLE tidegate.schedule_state");
    const planned = planNext(store);
    const before = await connections();
    await until(async () => (await connections()) > before + 3, { what: "questions about the statement" });
    await locker.query("COMMIT");
    expect(await planned).toEqual([true]);
    await Promise.all([locker.end(), watcher.end()]);
  });
});
