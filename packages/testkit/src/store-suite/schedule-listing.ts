import type { PageRequest } from "@tidegate/core";
import type { ScheduleFilter, ScheduleStore } from "@tidegate/core/store";
import { aNewSchedule } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { pagesOf, register } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** In byte order, which is not alphabetical. */
const GROUPS = ["-a", ".a", "10", "9", ":a", "A", "B.x", "B_x", "_a", "a", "a.b", "a_b", "aa", "b"];

async function list(store: ScheduleStore, filter: ScheduleFilter, page: PageRequest = {}): Promise<string[]> {
  const { items } = await store.listSchedules(filter, page);
  return items.map(({ spec }) => spec.groupId);
}

async function registerAll(store: ScheduleStore): Promise<void> {
  await store.insertSchedules(GROUPS.toReversed().map((groupId) => aNewSchedule({ spec: { groupId } })));
}

/** Tests the filters of `listSchedules`. */
export function scheduleFilterRules({ store }: StoreBed): void {
  describe("listSchedules", () => {
    it("lists whole schedules by the bytes of their group ids", async () => {
      await registerAll(store());
      expect(await list(store(), {})).toEqual(GROUPS);
      const { items } = await store().listSchedules({ groupIds: ["a"] }, {});
      expect(items).toEqual(await store().getSchedules(["a"]));
    });

    it("finds the ids of a list, each once", async () => {
      await registerAll(store());
      expect(await list(store(), { groupIds: ["b", "nobody", "A", "b"] })).toEqual(["A", "b"]);
      expect(await list(store(), { groupIds: [] })).toEqual([]);
    });

    it.each([
      ["a", ["a", "a.b", "a_b", "aa"]],
      ["a_", ["a_b"]],
      ["B.", ["B.x"]],
      ["b", ["b"]],
      ["zz", []],
      ["", GROUPS],
    ])("takes the prefix %j literally", async (groupIdPrefix, found) => {
      await registerAll(store());
      expect(await list(store(), { groupIdPrefix })).toEqual(found);
    });

    it("finds statuses and engines", async () => {
      await register(store(), { spec: { groupId: "a" }, status: "PAUSED" });
      await register(store(), { spec: { groupId: "b", engine: "bullmq" }, status: "DELETED" });
      await register(store(), { spec: { groupId: "c", engine: "bullmq" } });
      expect(await list(store(), { statuses: ["PAUSED", "DELETED"] })).toEqual(["a", "b"]);
      expect(await list(store(), { statuses: [] })).toEqual([]);
      expect(await list(store(), { engine: "bullmq" })).toEqual(["b", "c"]);
      expect(await list(store(), { engine: "bullmq", statuses: ["REGISTERED"] })).toEqual(["c"]);
    });

    it("finds those that carry all labels asked for", async () => {
      await register(store(), { spec: { groupId: "a", labels: { team: "Einkauf", "größe.cm": "12 ½" } } });
      await register(store(), { spec: { groupId: "b", labels: { team: "Einkauf", tier: "1" } } });
      await register(store(), { spec: { groupId: "c" } });
      expect(await list(store(), { labels: { team: "Einkauf" } })).toEqual(["a", "b"]);
      expect(await list(store(), { labels: { team: "Einkauf", "größe.cm": "12 ½" } })).toEqual(["a"]);
      expect(await list(store(), { labels: { team: "einkauf" } })).toEqual([]);
      expect(await list(store(), { labels: {} })).toEqual(["a", "b", "c"]);
    });
  });
}

/** Tests the pages of `listSchedules`. */
export function schedulePagingRules({ store }: StoreBed): void {
  describe("pages of listSchedules", () => {
    it.each([1, 4, GROUPS.length - 1])(
      "bring all once, %i at a time, the last without a cursor",
      async (limit) => {
        await registerAll(store());
        const pages = await pagesOf((page) => store().listSchedules({}, { limit, ...page }));
        expect(pages.slice(0, -1).every((items) => items.length === limit)).toBe(true);
        expect(pages).toHaveLength(Math.ceil(GROUPS.length / limit));
        expect(pages.flat().map(({ spec }) => spec.groupId)).toEqual(GROUPS);
      },
    );

    it("have no cursor where the first is full and the last", async () => {
      await registerAll(store());
      expect(await store().listSchedules({}, { limit: GROUPS.length })).not.toHaveProperty("next");
    });

    it("go on behind a schedule that is there no more", async () => {
      await registerAll(store());
      const { next } = await store().listSchedules({}, { limit: GROUPS.indexOf("a") + 1 });
      await store().purgeSchedule("a");
      expect(await list(store(), {}, { cursor: next! })).toEqual(["a.b", "a_b", "aa", "b"]);
    });

    it("go together with filters", async () => {
      await registerAll(store());
      const filter = { groupIdPrefix: "a" };
      const { next } = await store().listSchedules(filter, { limit: 2 });
      expect(await list(store(), filter, { cursor: next! })).toEqual(["a_b", "aa"]);
    });

    it("hold 100 unless told", async () => {
      const many = Array.from({ length: 101 }, (_, index) =>
        aNewSchedule({ spec: { groupId: `g${index}` } }),
      );
      await store().insertSchedules(many);
      expect((await store().listSchedules({}, {})).items).toHaveLength(100);
      expect((await store().listSchedules({}, { limit: 1_000 })).items).toHaveLength(101);
    });
  });
}
