import type { ChangesPage, ScheduleStore } from "@tidegate/core/store";
import { KEPT_MS, OPEN_MS, SILENT_MS } from "@tidegate/core/store";
import { START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import type { StoreBed } from "./fixture.js";

const RUN = { kind: "run", groupId: "orders", runs: [{ id: "1", state: "RUNNING" }] } as const;
const POOL = { kind: "pool", groupId: null } as const;

type Told = Parameters<ScheduleStore["tellChanges"]>[0];

const tell = (store: ScheduleStore, told: Partial<Told> = {}): Promise<boolean> =>
  store.tellChanges({ by: "a", at: START, changes: [RUN], ...told });

const read = (store: ScheduleStore, after?: string, at = START, limit = 100): Promise<ChangesPage> =>
  store.readChanges({ at, limit, ...(after === undefined ? {} : { after }) });

/** Tests `tellChanges` and `readChanges`. */
export function changeLogRules({ store, second }: StoreBed): void {
  describe("the log of changes", () => {
    it("is not kept while nobody reads it", async () => {
      expect(await tell(store())).toBe(false);
      const { entries, isGap, position } = await read(store());
      expect({ entries, isGap }).toEqual({ entries: [], isGap: false });
      expect(position).toMatch(/^\d+\.\w+$/);
    });

    it("gives each entry once, in the order of its numbers, to whoever has its position", async () => {
      const begin = (await read(store())).position;
      expect(await tell(store())).toBe(true);
      expect(await tell(await second(), { by: "b", changes: [POOL, RUN] })).toBe(true);
      expect(await tell(store(), { changes: null })).toBe(true);
      const page = await read(await second(), begin);
      const told = page.entries.map(({ changes }) => changes);
      expect(told).toEqual([[RUN], [POOL, RUN], null]);
      const first = page.entries[0]!.seq;
      expect(page.entries.map(({ seq }) => seq - first)).toEqual([0, 1, 2]);
      expect(page.isGap).toBe(false);
      expect(await read(store(), page.position)).toEqual({
        entries: [],
        position: page.position,
        isGap: false,
      });
    });

    it("is read a page at a time", async () => {
      let { position } = await read(store());
      for (const id of ["1", "2", "3"]) await tell(store(), { changes: [{ ...RUN, runs: [{ id }] }] });
      const ids: unknown[] = [];
      for (let pages = 0; pages < 3; pages += 1) {
        const page = await read(store(), position, START, 2);
        ids.push(page.entries.map(({ changes }) => changes?.[0]?.runs?.[0]?.id));
        position = page.position;
      }
      expect(ids).toEqual([["1", "2"], ["3"], []]);
    });

    it("begins at its end for a reader without a position", async () => {
      await read(store());
      await tell(store());
      const { entries, position } = await read(store());
      expect(entries).toEqual([]);
      await tell(store(), { changes: [POOL] });
      expect((await read(store(), position)).entries).toMatchObject([{ changes: [POOL] }]);
    });

    it("stays open for a minute after it was read, and longer if it is read again", async () => {
      await read(store());
      expect(await tell(store(), { at: START + OPEN_MS - 1 })).toBe(true);
      expect(await tell(store(), { at: START + OPEN_MS })).toBe(false);
      await read(await second(), undefined, START + OPEN_MS - 1);
      expect(await tell(store(), { at: START + OPEN_MS + OPEN_MS / 2 })).toBe(true);
    });

    it("has a gap for those who read before it was closed", async () => {
      const { position } = await read(store());
      const later = START + OPEN_MS;
      const page = await read(store(), position, later);
      expect(page).toMatchObject({ entries: [], isGap: true });
      expect(await read(store(), page.position, later)).toMatchObject({ isGap: false });
      expect(await read(store(), position, later)).toMatchObject({ isGap: true });
    });

    it("has a gap for positions that it never gave", async () => {
      const { position } = await read(store());
      const ahead = position.replace(/^\d+/, (seq) => String(Number(seq) + 1));
      for (const strange of [ahead, "0.other", "", ".", "x.y", "-1.", "1e3.\0", `${"9".repeat(40)}.a`]) {
        expect({ strange, ...(await read(store(), strange)) }).toMatchObject({
          strange,
          entries: [],
          position,
          isGap: true,
        });
      }
    });

    it("forgets what is older than five minutes, and has a gap there", async () => {
      const begin = (await read(store())).position;
      await tell(store(), { changes: [POOL] });
      let { position: kept } = await read(store());
      let at = START;
      while (at < START + KEPT_MS) {
        at += OPEN_MS / 2;
        await tell(store(), { at });
        ({ position: kept } = await read(store(), kept, at));
      }
      expect(await read(store(), begin, at)).toMatchObject({ isGap: false });
      at += OPEN_MS / 2;
      await read(store(), kept, at);
      expect(await read(store(), begin, at)).toMatchObject({ entries: [], isGap: true });
      expect(await read(store(), kept, at)).toMatchObject({ entries: [], isGap: false });
    });

    it("says that anything may have changed if a manager falls silent", async () => {
      const { position } = await read(store());
      await tell(store(), { by: "b", changes: [] });
      await tell(store(), { changes: [] });
      const at = START + SILENT_MS + 1;
      await tell(store(), { at, changes: [] });
      const { entries, position: next } = await read(store(), position, at);
      expect(entries.map(({ changes }) => changes)).toEqual([null]);
      expect(await read(store(), next, at + SILENT_MS + 1)).toMatchObject({ entries: [{ changes: null }] });
    });

    it("does not wait for a manager that has said its last", async () => {
      const { position } = await read(store());
      await tell(store(), { by: "b", changes: [] });
      await tell(store(), { by: "b", isLast: true });
      const page = await read(store(), position, START + SILENT_MS + 1);
      expect(page.entries.map(({ changes }) => changes)).toEqual([[RUN]]);
    });

    it("leaves no number out, and none twice, however many tell at a time", async () => {
      const { position } = await read(store());
      const other = await second();
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => tell(n % 2 === 0 ? store() : other, { by: `${n}` })),
      );
      const { entries } = await read(store(), position);
      const first = Number(position.split(".")[0]) + 1;
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => first + n));
    });
  });
}
