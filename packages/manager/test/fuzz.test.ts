import { mkdtempSync, rmSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "@jest/globals";
import type { Page, Run, TidegateOptions } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { sqliteStore } from "@tidegate/store-sqlite";
import fc from "fast-check";
import { type FuzzedRequest, requestsTo } from "./bed/arbitraries.js";
import { contractOf } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { INLONG_TOKEN, MINUTE, minutes, signed, useManagers } from "./bed/managers.js";

/** How long each store is fuzzed, ms. */
const FUZZ_MS = 8_000;

const aManager = useManagers();
const folder = mkdtempSync(join(tmpdir(), "tidegate-fuzz-"));
const agent = new Agent({ keepAlive: true });
afterAll(() => {
  agent.destroy();
  rmSync(folder, { recursive: true });
});

const STORES: Readonly<Record<string, () => TidegateOptions["store"]>> = {
  memory: () => new MemoryStore(),
  SQLite: () => sqliteStore({ path: join(folder, "tidegate.db") }),
};

function send(url: string, { method, path, headers, body }: FuzzedRequest) {
  return new Promise<{ status: number; type: string | undefined; text: string }>((resolve, reject) => {
    const sending = request(`${url}${path}`, { method, headers, agent }, (answer: IncomingMessage) => {
      text(answer).then(
        (content) =>
          resolve({ status: answer.statusCode!, type: answer.headers["content-type"], text: content }),
        reject,
      );
    });
    sending.once("error", reject);
    // Node announces no length for methods that seldom have a body.
    if (body !== undefined) sending.setHeader("content-length", Buffer.byteLength(body));
    sending.end(body);
  });
}

/** The same with the credentials of the callback routes. */
function authenticated(given: FuzzedRequest, statusUrl: string): FuzzedRequest {
  // One group lives on, so that callbacks find it.
  if (given.operationId === "deleteSchedule") return { ...given, path: given.path.replace("orders", "b") };
  if (given.operationId === "runStatus")
    return { ...given, path: `${statusUrl}${given.path.replace(/^[^?]*\??/, "&")}` };
  const body = given.body ?? "";
  const added = given.path.startsWith("/engines/airflow")
    ? signed(body)
    : given.path.startsWith("/inlong")
      ? { authorization: `Bearer ${INLONG_TOKEN}` }
      : {};
  return { ...given, headers: { ...given.headers, ...added } };
}

describe.each(Object.entries(STORES))("whatever is sent to a manager over a store in %s", (_name, store) => {
  it("is answered as the document says, and never by a fault of its own", async () => {
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED", metrics: { rowsRead: 1 } });
    const { url, call, callback, log } = await aManager({}, operator, undefined, store());
    const contract = await contractOf({ call });
    for (const name of ["orders", "payments"]) await call("PUT", `/schedules/${name}`, minutes(5));
    const { runId, statusUrl } = (await callback({ groupId: "orders" })).body;
    const runs = (await call<Page<Run>>("GET", "/runs")).body.items.map(({ id }) => id);
    const { startTime } = minutes(5);
    const time = fc.integer({ min: -3, max: 9 }).map((n) => startTime + n * MINUTE);
    const instant = fc.oneof(
      time,
      time.map((at) => new Date(at).toISOString()),
    );
    const groups = fc.constantFrom("orders", "orders", "orders", "orders", "payments", "b");
    const meanings = {
      groupId: groups,
      engine: fc.constantFrom("airflow", "airflow", "airflow", "inlong"),
      operator: fc.constantFrom("gated"),
      id: fc.constantFrom(...runs, "backfill-1", "backfill-2"),
      runId: fc.constantFrom(runId),
      backfillId: fc.constantFrom("backfill-1", "backfill-2"),
      expression: fc.constantFrom("* * * * *", "*/5 * * * *", "0 0 2 ? * MON#1", "61 * * * *", "0 0 30 2 *"),
      timezone: fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kathmandu", "Mars/Olympus"),
      unit: fc.constantFrom("minute", "hour", "day", "week", "month", "year"),
      count: fc.integer({ min: 1, max: 20 }),
      waitMs: fc.constantFrom(0, 1),
      wait: fc.constantFrom("0s", "1ms"),
      anchor: fc.constantFrom(startTime),
      at: fc.constantFrom(startTime + MINUTE),
      prefix: fc.constantFrom("o", "p"),
      ...Object.fromEntries(
        ["startTime", "lower", "upper", "from", "to", "scheduledTime", "lowerBoundary", "upperBoundary"].map(
          (name) => [name, instant],
        ),
      ),
    };
    const statuses = new Map<string, Set<number>>();
    // A stream has no end.
    const { "/events": _stream, ...paths } = contract.document.paths;
    const sent = requestsTo({ ...contract.document, paths }, meanings).map((each) =>
      authenticated(each, statusUrl),
    );
    await fc.assert(
      fc.asyncProperty(sent, async (given) => {
        const { operationId, method, path } = given;
        const answer = await send(url, given);
        statuses.set(operationId, (statuses.get(operationId) ?? new Set()).add(answer.status));
        const body: unknown = answer.text === "" ? undefined : JSON.parse(answer.text);
        // That planning waits for runs to end is an answer; every other 5xx is a fault.
        const code = (body as { error?: { code?: string } } | undefined)?.error?.code;
        if (answer.status >= 500)
          expect({ code, log: log.slice(-3) }).toMatchObject({ code: "INTERVAL_DEFERRED" });
        if (answer.status !== 204) expect(answer.type).toBe("application/json; charset=utf-8");
        if (answer.status === 404 && code === "NOT_FOUND") return;
        expect(contract.errorsOf(method, path, { ...answer, body })).toEqual([]);
      }),
      { numRuns: 100_000, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false },
    );
    // Fuzzing that reaches nothing finds nothing.
    const reached = [...statuses].filter(([, seen]) => [...seen].some((status) => status < 300));
    expect(reached.length).toBeGreaterThan(5);
  });
});
