import { describe, expect, it } from "@jest/globals";
import type { AuditReport, Backfill, Page, Run, RunLog, Schedule, ShardPage } from "@tidegate/core";
import { until } from "@tidegate/testkit";
import { onContract } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { INLONG_TOKEN, MINUTE, minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

async function aBed(...given: Parameters<typeof aManager>) {
  return onContract(await aManager(...given));
}

describe("schedules", () => {
  it("are put, read, changed and ended", async () => {
    const { call } = await aBed();
    const definition = minutes(0, { labels: { team: "blue" }, job: { deep: [{ any: null }] } });
    expect(await call("PUT", "/schedules/orders", definition)).toMatchObject({
      status: 200,
      body: { schedule: { version: 1, status: "REGISTERED", spec: { job: { deep: [{ any: null }] } } } },
    });
    expect((await call("PUT", "/schedules/orders", definition)).body).toMatchObject({
      schedule: { version: 1 },
    });
    const changed = { ...definition, description: "changed" };
    expect((await call("PUT", "/schedules/orders?version=1", changed)).body).toMatchObject({
      schedule: { version: 2, spec: { description: "changed" } },
    });
    expect(await call("PUT", "/schedules/orders?version=1", definition)).toMatchObject({
      status: 409,
      body: { error: { code: "SCHEDULE_VERSION_STALE", field: "version" } },
    });
    expect((await call<unknown[]>("GET", "/schedules/orders/versions")).body).toMatchObject([
      { version: 1 },
      { version: 2 },
    ]);
    expect((await call("GET", "/schedules/orders")).body).toMatchObject({
      version: 2,
      spec: { groupId: "orders" },
    });
    expect(await call("DELETE", "/schedules/orders")).toMatchObject({ status: 204, text: "" });
    expect((await call("GET", "/schedules/orders")).body).toMatchObject({ status: "DELETED" });
    expect((await call("DELETE", "/schedules/orders?purge=true")).status).toBe(204);
    expect((await call("GET", "/schedules/orders")).status).toBe(404);
  });

  it.each(["2026-02-30T00:00:00Z", "2026-01-01T00:00:00+23:59", "2026-01-01T00:00:00"])(
    "are not asked about at %s, which is no instant",
    async (lower) => {
      const { call } = await aManager();
      await call("PUT", "/schedules/orders", minutes(0));
      const query = new URLSearchParams({ lower, upper: "2026-03-03T00:00:00Z" });
      expect(await call("GET", `/schedules/orders/audit?${query}`)).toMatchObject({
        status: 400,
        body: { error: { code: "REQUEST_INVALID", field: "lower" } },
      });
    },
  );

  it("are listed by what they are, a page at a time", async () => {
    const { call } = await aBed();
    for (const name of ["a", "b", "c"]) {
      await call("PUT", `/schedules/team-${name}`, minutes(0, { labels: { name, kind: "x" } }));
    }
    await call("PUT", "/schedules/other", minutes(0));
    await call("POST", "/schedules/team-b/pause", { note: "why" });
    const list = async (query: string) => {
      const { body } = await call<Page<Schedule>>("GET", `/schedules?${query}`);
      return { names: body.items.map(({ spec }) => spec.groupId), next: body.next };
    };
    expect((await list("")).names).toEqual(["other", "team-a", "team-b", "team-c"]);
    expect((await list("prefix=team-&status=REGISTERED&status=FAILED")).names).toEqual(["team-a", "team-c"]);
    expect((await list("status=PAUSED&engine=airflow")).names).toEqual(["team-b"]);
    expect((await list("label=kind=x&label=name=c")).names).toEqual(["team-c"]);
    expect((await list("engine=none")).names).toEqual([]);
    const first = await list("limit=3");
    expect(first.names).toHaveLength(3);
    expect((await list(`limit=3&cursor=${encodeURIComponent(first.next!)}`)).names).toEqual(["team-c"]);
    for (const [query, field] of [
      ["limit=0", "limit"],
      ["limit=many", "limit"],
      ["status=NONE", "status"],
      ["label=x", "label"],
      ["cursor=bad", "cursor"],
      ["unknown=1", "unknown"],
    ]) {
      expect(await call("GET", `/schedules?${query}`)).toMatchObject({
        status: 400,
        body: { error: { code: "REQUEST_INVALID", field } },
      });
    }
  });

  it("are paused with a note and resumed", async () => {
    const { call } = await aBed();
    await call("PUT", "/schedules/orders", minutes(0));
    expect(await call("POST", "/schedules/orders/pause", { note: "maintenance" })).toMatchObject({
      status: 200,
      body: { status: "PAUSED", statusReason: "maintenance" },
    });
    expect((await call("POST", "/schedules/orders/resume")).body).toMatchObject({ status: "REGISTERED" });
    expect((await call("POST", "/schedules/orders/pause")).body).toMatchObject({ status: "PAUSED" });
    expect((await call("POST", "/schedules/orders/resume", undefined)).status).toBe(200);
    expect((await call("POST", "/schedules/orders/resume")).body).toMatchObject({ status: "REGISTERED" });
  });

  it("that are malformed are refused with core's codes and the field", async () => {
    const { call } = await aBed();
    const broken: readonly (readonly [unknown, string, string | undefined])[] = [
      [undefined, "SCHEDULE_INVALID", undefined],
      [{}, "SCHEDULE_INVALID", "trigger"],
      [minutes(0, { retries: 3 }), "SCHEDULE_INVALID", "retries"],
      [minutes(0, { groupId: "else" }), "SCHEDULE_INVALID", "groupId"],
      [minutes(0, { maxAttempts: 0 }), "SCHEDULE_INVALID", "maxAttempts"],
      [minutes(0, { startTime: "2026-01-01" }), "SCHEDULE_INVALID", "startTime"],
      [minutes(0, { startTime: null }), "SCHEDULE_INVALID", "startTime"],
      [minutes(0, { job: { constructor: 1 } }), "SCHEDULE_INVALID", "job.constructor"],
      [minutes(0, { timezone: "Mars/Olympus" }), "TIMEZONE_UNKNOWN", "timezone"],
      [minutes(0, { engine: "nobody" }), "ENGINE_UNKNOWN", "engine"],
      [minutes(0, { operator: "nobody" }), "OPERATOR_UNKNOWN", "operator"],
      [{ trigger: { type: "cron", expression: "* *" } }, "TRIGGER_INVALID", "trigger.expression"],
    ];
    for (const [body, code, field] of broken) {
      const answer = await call<{ error: { field?: string } }>("PUT", "/schedules/orders", body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
      expect(answer.body.error.field).toBe(field);
    }
    expect((await call("GET", "/schedules")).body).toEqual({ items: [] });
  });

  it("whose start is malformed are told how to write it", async () => {
    const { call } = await aBed();
    for (const startTime of ["2026-01-01", null, 0.5, {}]) {
      expect((await call("PUT", "/schedules/orders", minutes(0, { startTime }))).body).toMatchObject({
        error: { message: expect.stringMatching(/^startTime: must be epoch ms or ISO 8601 with an offset/) },
      });
    }
  });

  it("are put as they were read, and make no version", async () => {
    const { call } = await aBed();
    const full = {
      endTime: "2031-01-01T00:00:00Z",
      labels: { b: "2", a: "1" },
      job: { z: [{ y: null }], a: 1 },
      timeoutMs: 60_000,
      backoff: { maxMs: 5_000 },
      dirtyData: { maxRows: 7 },
      trigger: { type: "cron", expression: "*/5 * * * *" },
    };
    for (const [name, overrides] of Object.entries({ plain: {}, full, unbound: { startTime: undefined } })) {
      const path = `/schedules/${name}`;
      await call("PUT", path, minutes(0, overrides));
      const { body } = await call<Schedule>("GET", path);
      expect(await call("PUT", path, body.spec)).toMatchObject({
        status: 200,
        body: { schedule: { version: 1, spec: body.spec } },
      });
      const { groupId, ...withoutGroup } = body.spec;
      expect(await call("PUT", path, withoutGroup)).toMatchObject({
        status: 200,
        body: { schedule: { version: 1 } },
      });
      expect((await call("POST", "/preview", body.spec)).status).toBe(200);
    }
  });

  it("have names with odd characters", async () => {
    const { call } = await aBed();
    for (const name of ["a:b", "a.b-c_d", "...", "-", ":", "x".repeat(200), "%3A", "CON.json"]) {
      const path = `/schedules/${name}`;
      const put = await call<{ schedule: Schedule }>("PUT", path, minutes(0));
      expect(put.status).toBe(200);
      expect(put.body.schedule.spec.groupId).toBe(decodeURIComponent(name));
      expect((await call("GET", `${path}/description`)).status).toBe(200);
      expect((await call("DELETE", `${path}?purge=true`)).status).toBe(204);
    }
    for (const name of ["a%2Fb", "a%20b", "%00", "x".repeat(201), "%C3%A4", "a%0d%0ab", "%25", "a;b"]) {
      expect(await call("PUT", `/schedules/${name}`, minutes(0))).toMatchObject({
        status: 400,
        body: { error: { code: "REQUEST_INVALID", field: "groupId" } },
      });
    }
  });
});

describe("the ledger", () => {
  it("is audited, previewed, described, triggered and filled", async () => {
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED", metrics: { rowsRead: 7, rowsWritten: 7 } });
    const { call } = await aBed({}, operator);
    const definition = minutes(3);
    const { startTime: start } = definition;
    await call("PUT", "/schedules/orders", definition);
    const preview = await call("GET", "/schedules/orders/preview?count=2");
    expect(preview.body).toMatchObject({ intervals: [{ lower: start }, { lower: start + MINUTE }] });
    const before = await call("POST", "/preview?count=1", { ...definition, groupId: "other" });
    expect(before.body).toMatchObject({ intervals: [{ lower: start, upper: start + MINUTE }] });

    const triggered = await call<Run[]>("POST", "/schedules/orders/trigger");
    expect(triggered.status).toBe(202);
    expect(triggered.body.length).toBeGreaterThanOrEqual(3);
    const audit = async (query = "") =>
      (await call<AuditReport>("GET", `/schedules/orders/audit${query}`)).body;
    await until(async () => (await audit()).succeeded.runs >= 3);
    expect(await audit()).toMatchObject({ isSound: true, rowsRead: 7 * triggered.body.length });
    expect(await audit(`?lower=${start}&upper=${new Date(start + MINUTE).toISOString()}`)).toMatchObject({
      range: { lower: start, upper: start + MINUTE },
      isComplete: true,
    });
    expect(await call("GET", `/schedules/orders/audit?lower=${start}`)).toMatchObject({
      status: 400,
      body: { error: { field: "lower" } },
    });
    expect((await call("GET", `/schedules/orders/audit?lower=2&upper=1`)).status).toBe(422);

    const again = await call("POST", "/schedules/orders/trigger", { lower: start, upper: start + MINUTE });
    expect(again).toMatchObject({ status: 202, body: [{ kind: "MANUAL", generation: 1 }] });
    expect(await call("POST", "/schedules/orders/trigger", { lower: start, upper: start + 1 })).toMatchObject(
      {
        status: 422,
        body: { error: { code: "INTERVAL_NOT_ALIGNED" } },
      },
    );
    const open = { lower: start, upper: start + 60 * MINUTE };
    expect((await call("POST", "/schedules/orders/trigger", open)).status).toBe(409);

    const range = { from: start, to: start + 2 * MINUTE, select: "all" };
    const dry = await call("POST", "/schedules/orders/backfills", { ...range, isDryRun: true });
    expect(dry).toMatchObject({ status: 202, body: { runs: 2 } });
    const begun = await call<{ backfill: Backfill }>("POST", "/schedules/orders/backfills", range);
    const { id } = begun.body.backfill;
    await until(async () => (await call<Backfill>("GET", `/backfills/${id}`)).body.state === "DONE");
    expect((await call("POST", `/backfills/${id}/cancel`)).status).toBe(202);
    expect((await call("GET", "/backfills/none")).status).toBe(404);
    expect((await call("POST", "/backfills/none/cancel")).status).toBe(404);
    expect((await call<Page<Run>>("GET", `/runs?backfillId=${id}`)).body.items).toHaveLength(2);
    expect((await call("GET", "/schedules/orders/description")).body).toMatchObject({
      versions: [{ version: 1 }],
      backfills: [{ id }],
    });
  });

  it("is filled under any id of up to 200 characters", async () => {
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED" });
    const { call } = await aBed({}, operator);
    const { startTime, ...definition } = minutes(3);
    await call("PUT", "/schedules/orders", { ...definition, startTime });
    await call("POST", "/schedules/orders/trigger");
    const id = `${"ü".repeat(100)}/${"x".repeat(99)}`;
    const range = { from: startTime, to: startTime + MINUTE, select: "all" };
    expect((await call("POST", "/schedules/orders/backfills", { ...range, id })).status).toBe(202);
    expect((await call("POST", "/schedules/orders/backfills", { ...range, id: `${id}x` })).status).toBe(400);
    const path = encodeURIComponent(id);
    await until(async () => (await call<Backfill>("GET", `/backfills/${path}`)).body.state === "DONE");
    expect((await call<Page<Run>>("GET", `/runs?backfillId=${path}`)).body.items).toHaveLength(1);
    expect((await call("POST", `/backfills/${path}/cancel`)).status).toBe(202);
  });

  it("of an unknown group is not found", async () => {
    const { call } = await aBed();
    for (const [method, path, body] of [
      ["GET", ""],
      ["DELETE", ""],
      ["GET", "/description"],
      ["GET", "/versions"],
      ["GET", "/audit"],
      ["GET", "/preview"],
      ["POST", "/pause"],
      ["POST", "/resume"],
      ["POST", "/trigger"],
      ["POST", "/backfills", { from: 0, to: 1 }],
    ] as const) {
      expect(await call(method, `/schedules/nobody${path}`, body)).toMatchObject({
        status: 404,
        body: { error: { code: "SCHEDULE_NOT_FOUND" } },
      });
    }
  });
});

describe("runs", () => {
  it("that gates hold are opened by hand, with a note", async () => {
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED" });
    const { call, callback } = await aBed({}, operator);
    await call("PUT", "/schedules/orders", minutes(1, { notBefore: { afterMs: 86_400_000 * 3_660 } }));
    await callback({ groupId: "orders" });
    const { items } = (await call<Page<Run>>("GET", "/runs?groupId=orders")).body;
    const { id } = items[0]!;
    const markedReady = { at: expect.any(Number), note: "the source is closed" };
    expect(await call("POST", `/runs/${id}/mark-ready`, { note: "the source is closed" })).toMatchObject({
      status: 202,
      body: { id, markedReady },
    });
    await until(async () => (await call<Run>("GET", `/runs/${id}`)).body.state === "SUCCEEDED");
    expect(await call("GET", `/runs/${id}/explanation`)).toMatchObject({
      body: {
        run: { markedReady },
        reasons: [/SUCCEEDED/, /by hand at .*: the source is closed\.$/].map((text) =>
          expect.stringMatching(text),
        ),
      },
    });
    expect(await call("POST", `/runs/${id}/mark-ready`)).toMatchObject({
      status: 409,
      body: { error: { code: "RUN_STATE_ILLEGAL" } },
    });
  });

  it("are listed, explained, cancelled and retried", async () => {
    const operator = gatedOperator();
    const { call, callback } = await aBed({}, operator);
    const definition = minutes(3, { maxAttempts: 1 });
    await call("PUT", "/schedules/orders", definition);
    await callback({ groupId: "orders" });
    const list = async (query: string) => (await call<Page<Run>>("GET", `/runs?${query}`)).body.items;
    const [first, second] = await list("groupId=orders&kind=SCHEDULED&order=ascending&limit=2");
    expect((await list("limit=1"))[0]!.lower).toBeGreaterThan(second!.lower);
    expect((await call("GET", `/runs/${first!.id}`)).body).toMatchObject({ lower: definition.startTime });
    expect((await call("GET", `/runs/${second!.id}/explanation`)).body).toMatchObject({
      isWaiting: true,
      reasons: [expect.stringContaining(first!.id)],
    });
    expect((await call("POST", `/runs/${second!.id}/cancel`)).body).toMatchObject({ state: "CANCELLED" });
    expect((await call("POST", `/runs/${second!.id}/cancel`)).status).toBe(409);
    expect((await call("POST", `/runs/${second!.id}/retry`)).body).toMatchObject({ state: "PLANNED" });
    await call("POST", `/runs/${second!.id}/cancel`);
    await call("PUT", "/schedules/orders", { ...definition, description: "mended" });
    expect((await call("POST", `/runs/${second!.id}/retry`, { version: "latest" })).body).toMatchObject({
      state: "PLANNED",
      scheduleVersion: second!.scheduleVersion + 1,
    });
    operator.end({ state: "FAILED", error: { code: "BAD", message: "why" }, isRetryable: false });
    await until(async () => (await list("state=FAILED")).length > 0);
    expect((await call("GET", `/runs/${first!.id}`)).body).toMatchObject({ error: { message: "why" } });
    for (const [method, path] of [
      ["GET", ""],
      ["GET", "/explanation"],
      ["POST", "/cancel"],
      ["POST", "/mark-ready"],
      ["POST", "/retry"],
    ] as const) {
      expect(await call(method, `/runs/${"0".repeat(32)}${path}`)).toMatchObject({
        status: 404,
        body: { error: { code: "RUN_NOT_FOUND" } },
      });
    }
  });
});

describe("the service", () => {
  it("answers what is nowhere, and what is broken, in the one way", async () => {
    const { call, url } = await aManager();
    expect(await call("GET", "/nowhere")).toMatchObject({
      status: 404,
      body: { error: { code: "NOT_FOUND" } },
    });
    expect((await call("GET", "/schedules/%zz")).body).toMatchObject({ error: { code: "REQUEST_INVALID" } });
    const notJson = await fetch(`${url}/schedules/orders`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect([notJson.status, await notJson.json()]).toMatchObject([
      400,
      { error: { code: "REQUEST_INVALID" } },
    ]);
    const form = await fetch(`${url}/schedules/orders`, {
      method: "PUT",
      body: new URLSearchParams({ a: "b" }),
    });
    expect([form.status, await form.json()]).toMatchObject([415, { error: { code: "REQUEST_INVALID" } }]);
  });

  it("tells nothing of what broke inside, but to its log", async () => {
    const { call, tidegate, log } = await aManager();
    tidegate.client.list = () => Promise.reject(new Error("password of the database: hunter2"));
    const broken = await call("GET", "/schedules");
    expect(broken).toMatchObject({ status: 500, body: { error: { code: "INTERNAL" } } });
    expect(broken.text).not.toContain("hunter2");
    expect(log.join("")).toContain("hunter2");
  });

  it("documents and serves the same routes", async () => {
    const bed = await aManager();
    const { call, operations } = await onContract(bed);
    expect((await call("GET", "/health")).body).toEqual({ status: "ok" });
    const body = { groupId: "nobody" };
    const authorization = `Bearer ${INLONG_TOKEN}`;
    await call("POST", "/inlong/manager/api/group/submitOfflineJob", body, { authorization });
    await call("GET", "/openapi.json");
    expect([...operations].sort()).toEqual(["health", "openapi", "submitOfflineJob"]);
  });
});

describe("pools", () => {
  it("are put, listed and deleted, unless a schedule needs them", async () => {
    const { call } = await aBed();
    expect(await call("PUT", "/pools/warehouse", { slots: 8, perSecond: 2 })).toMatchObject({
      status: 200,
      body: { name: "warehouse", slots: 8, perSecond: 2, used: 0 },
    });
    expect((await call("GET", "/pools")).body).toMatchObject([{ name: "warehouse", slots: 8 }]);
    expect((await call("PUT", "/schedules/orders", minutes(0, { pool: "warehouse" }))).status).toBe(200);
    expect(await call("DELETE", "/pools/warehouse")).toMatchObject({
      status: 409,
      body: { error: { code: "POOL_IN_USE" } },
    });
    expect(await call("DELETE", "/pools/other")).toMatchObject({
      status: 404,
      body: { error: { code: "POOL_NOT_FOUND" } },
    });
    expect(await call("PUT", "/schedules/other", minutes(0, { pool: "other" }))).toMatchObject({
      status: 400,
      body: { error: { code: "POOL_UNKNOWN", field: "pool" } },
    });
    expect(await call("PUT", "/pools/warehouse", { slots: 0 })).toMatchObject({
      status: 400,
      body: { error: { code: "POOL_INVALID", field: "slots" } },
    });
    await call("DELETE", "/schedules/orders");
    expect((await call("DELETE", "/pools/warehouse")).status).toBe(204);
  });
});

describe("the shards of a run", () => {
  it("are listed by their state, a page at a time, with how far all have got", async () => {
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED", metrics: { rowsRead: 5 } });
    const shards = ["a", "b", "c"].map((key) => ({ key, args: { file: key } }));
    const { call } = await aBed({}, { ...operator, split: async () => ({ shards }) });
    await call("PUT", "/schedules/orders", minutes(2, { shards: {} }));
    const [run] = (await call<Run[]>("POST", "/schedules/orders/trigger")).body;
    await until(async () => (await call<Run>("GET", `/runs/${run!.id}`)).body.state === "SUCCEEDED");
    const first = await call<ShardPage>("GET", `/runs/${run!.id}/shards?state=SUCCEEDED&limit=2`);
    expect(first).toMatchObject({
      status: 200,
      body: {
        items: [
          { key: "a", args: { file: "a" }, state: "SUCCEEDED", openMldbState: "SUCCESS" },
          { key: "b" },
        ],
        summary: { count: 3, states: { SUCCEEDED: 3 }, metrics: { rowsRead: 15 }, done: 1 },
      },
    });
    const rest = `/runs/${run!.id}/shards?state=SUCCEEDED&limit=2&cursor=${first.body.next}`;
    expect((await call("GET", rest)).body).toMatchObject({ items: [{ key: "c" }] });
    expect(await call("GET", `/runs/${run!.id}/shards?cursor=${first.body.next}`)).toMatchObject({
      status: 400,
    });
    expect(await call("GET", `/runs/${"0".repeat(32)}/shards`)).toMatchObject({
      status: 404,
      body: { error: { code: "RUN_NOT_FOUND" } },
    });
  });
});

describe("the log of a run", () => {
  const ended = async (...lines: string[]) => {
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED", log: { lines } });
    const { call } = await aBed({}, operator);
    await call("PUT", "/schedules/orders", minutes(2));
    const [run] = (await call<Run[]>("POST", "/schedules/orders/trigger")).body;
    const read = (query = "") => call<RunLog>("GET", `/runs/${run!.id}/logs${query}`);
    await until(async () => (await read()).body.isEnded);
    return { id: run!.id, read, call };
  };

  it("is read as it was written, from a line on if asked to", async () => {
    const lines = ["<b>read</b>", "\u001b[31m3 rows\u001b[0m", "\u202edone \u0000"];
    const { id, read } = await ended(...lines);
    expect(await read()).toMatchObject({
      status: 200,
      body: { runId: id, attempt: 1, attempts: 1, lines, first: 0, next: 3, isEnded: true, isFinal: true },
    });
    expect((await read("?attempt=1&after=2")).body).toMatchObject({
      lines: lines.slice(2),
      first: 2,
      next: 3,
    });
  });

  it("may be cached once it is kept, under the number of its attempt", async () => {
    const { read } = await ended("done");
    const caching = async (query: string) => (await read(query)).headers.get("cache-control");
    expect(await caching("?attempt=1")).toBe("private, max-age=86400, immutable");
    expect(await caching("?attempt=1&after=1")).toBe("private, max-age=86400, immutable");
    expect(await caching("")).toBe("no-store");
  });

  it("is never cached before it is kept", async () => {
    const { read } = await ended();
    const answer = await read("?attempt=1");
    expect(answer.body).toMatchObject({ lines: [], isEnded: true, isFinal: false });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it.each([
    ["?attempt=2", "attempt", "ARGUMENT_INVALID"],
    ["?attempt=0", "attempt", "REQUEST_INVALID"],
    ["?after=-1", "after", "REQUEST_INVALID"],
    ["?afterwards=1", "afterwards", "REQUEST_INVALID"],
  ])("is refused for %s", async (query, field, code) => {
    const { read } = await ended("done");
    expect(await read(query)).toMatchObject({ status: 400, body: { error: { code, field } } });
  });

  it("is unknown for an unknown run", async () => {
    const { call } = await aBed();
    expect(await call("GET", `/runs/${"0".repeat(32)}/logs`)).toMatchObject({
      status: 404,
      body: { error: { code: "RUN_NOT_FOUND" } },
    });
  });
});
