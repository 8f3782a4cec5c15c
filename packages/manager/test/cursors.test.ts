import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import type { Page, Run, Schedule, TidegateOptions } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { sqliteStore } from "@tidegate/store-sqlite";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

type Store = TidegateOptions["store"];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function aSqliteStore(): Store {
  const folder = mkdtempSync(join(tmpdir(), "tidegate-cursors-"));
  folders.push(folder);
  return sqliteStore({ path: join(folder, "tidegate.db") });
}

const STORES: Readonly<Record<string, () => Store>> = {
  memory: () => new MemoryStore(),
  SQLite: aSqliteStore,
};

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What others have tried, and what each store's own cursors look like. */
const FORGED = [
  "abc",
  "",
  "%00",
  "0",
  "orders-0",
  "x".repeat(2_000),
  encoded(["orders-0"]),
  encoded({ lower: { $gt: 0 } }),
  JSON.stringify([0, 0, 0, "x"]),
  JSON.stringify([{}, {}, {}, {}]),
  JSON.stringify(["0", null, [], {}]),
  encoded([0, 0, 0, "x"]),
];

describe.each(Object.entries(STORES))("cursors over a store in %s", (_name, store) => {
  async function aFullManager() {
    const bed = await aManager({}, undefined, undefined, store());
    for (const name of [0, 1, 2, 3]) await bed.call("PUT", `/schedules/orders-${name}`, minutes(5));
    for (const name of [0, 1]) await bed.callback({ groupId: `orders-${name}` });
    return bed;
  }

  it("lead through every page of every listing", async () => {
    const { call } = await aFullManager();
    const all = async <T>(path: string): Promise<readonly T[]> => {
      const items: T[] = [];
      let cursor = "";
      do {
        const { status, body } = await call<Page<T>>("GET", `${path}&limit=2${cursor}`);
        expect(status).toBe(200);
        items.push(...body.items);
        cursor = body.next === undefined ? "" : `&cursor=${encodeURIComponent(body.next)}`;
      } while (cursor !== "");
      return items;
    };
    const schedules = await all<Schedule>("/schedules?prefix=orders");
    expect(schedules.map(({ spec }) => spec.groupId)).toEqual([
      "orders-0",
      "orders-1",
      "orders-2",
      "orders-3",
    ]);
    for (const order of ["ascending", "descending"]) {
      const runs = await all<Run>(`/runs?order=${order}&kind=SCHEDULED`);
      expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
      expect(runs.length).toBeGreaterThanOrEqual(10);
    }
  });

  it.each(["/schedules?", "/runs?", "/runs?groupId=orders-0"])(
    "that were made up are refused: %s",
    async (path) => {
      const { call } = await aFullManager();
      for (const cursor of FORGED) {
        expect(await call("GET", `${path}&cursor=${encodeURIComponent(cursor)}`)).toMatchObject({
          status: 400,
          body: { error: { code: "REQUEST_INVALID", field: "cursor" } },
        });
      }
    },
  );

  it("of another listing, of other filters, changed or of another manager are refused", async () => {
    const { call } = await aFullManager();
    const other = await aFullManager();
    const next = async (path: string) =>
      encodeURIComponent((await call<Page<unknown>>("GET", `${path}limit=1`)).body.next!);
    const schedules = await next("/schedules?");
    const runs = await next("/runs?");
    const ofGroup = await next("/runs?groupId=orders-0&");
    for (const [path, cursor] of [
      ["/runs?", schedules],
      ["/schedules?", runs],
      ["/runs?groupId=orders-1&", ofGroup],
      ["/runs?order=ascending&", runs],
      ["/schedules?prefix=o&", schedules],
      ["/schedules?", `${schedules}x`],
      ["/schedules?", schedules.slice(0, -1)],
      ["/schedules?", `${schedules.startsWith("A") ? "B" : "A"}${schedules.slice(1)}`],
    ]) {
      expect(await call("GET", `${path}cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { error: { code: "REQUEST_INVALID", field: "cursor" } },
      });
    }
    expect((await other.call("GET", `/runs?cursor=${runs}`)).status).toBe(400);
    expect((await call("GET", `/runs?limit=3&cursor=${runs}`)).status).toBe(200);
  });

  it("are followed by every manager with the same token or the same secret", async () => {
    for (const options of [
      { authorize: { token: "a-token-of-the-tests" } },
      { authorize: () => true, cursorSecret: "shared by all managers" },
    ]) {
      const headers = { authorization: "Bearer a-token-of-the-tests" };
      const one = await aManager(options, undefined, undefined, store());
      const other = await aManager(options, undefined, undefined, store());
      for (const name of ["a", "b"]) await one.call("PUT", `/schedules/${name}`, minutes(0), headers);
      const { body } = await one.call<Page<Schedule>>("GET", "/schedules?limit=1", undefined, headers);
      const path = `/schedules?cursor=${encodeURIComponent(body.next!)}`;
      expect((await other.call("GET", path, undefined, headers)).status).toBe(200);
    }
  });
});
