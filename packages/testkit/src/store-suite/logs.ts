import type { AttemptLog } from "@tidegate/core/store";
import { describe, expect, it } from "../runner.js";
import { claim, claimOne, plan, register } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Lines that a database, a terminal or a page may stumble over. */
const LINES = [
  "",
  'a "quoted" \\ {line}, or \\u0041',
  "\u001b[31mred\u001b[0m\tand \u0000 nothing",
  "<script>alert(1)</script> &amp;",
  "\u202egnp.exe \ud800 half",
  "café/ключ/鍵 😀",
];

function logOf(runId: string, attempt = 1, more: Partial<AttemptLog> = {}): AttemptLog {
  return { runId, attempt, first: 7, lines: LINES, ...more };
}

/** Tests the logs of attempts. */
export function logRules({ store, second, reopened, supports }: StoreBed): void {
  const aRun = async (): Promise<string> => {
    await register(store());
    await plan(store());
    return (await claimOne(store())).run.id;
  };

  describe("the log of an attempt", () => {
    it("is kept as it is given, whatever is in its lines", async () => {
      const runId = await aRun();
      expect(await store().getLog(runId, 1)).toBeUndefined();
      expect(await store().keepLogs([logOf(runId)])).toEqual([true]);
      expect(await store().getLog(runId, 1)).toEqual(logOf(runId));
    });

    it("is that of its run and its attempt alone", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 2 });
      const [one, other] = (await claim(store())).map(({ run }) => run.id);
      const logs = [
        logOf(one!),
        logOf(one!, 2, { first: 0, lines: ["again"] }),
        logOf(other!, 1, { lines: [] }),
      ];
      expect(await store().keepLogs(logs)).toEqual([true, true, true]);
      for (const log of logs) expect(await store().getLog(log.runId, log.attempt)).toEqual(log);
      expect(await store().getLog(other!, 2)).toBeUndefined();
    });

    it("is kept once: a second one changes nothing", async () => {
      const runId = await aRun();
      await store().keepLogs([logOf(runId)]);
      const others = [logOf(runId, 1, { lines: ["other"] }), logOf(runId, 2), logOf(runId, 2, { lines: [] })];
      expect(await store().keepLogs(others)).toEqual([false, true, false]);
      expect(await store().getLog(runId, 1)).toEqual(logOf(runId));
      expect(await store().getLog(runId, 2)).toEqual(logOf(runId, 2));
    });

    it("is kept once by many who come at the same time", async () => {
      const runId = await aRun();
      const other = await second();
      const kept = await Promise.all(
        [store(), other, store(), other].map((each, n) => each.keepLogs([logOf(runId, 1, { first: n })])),
      );
      expect(kept.flat().filter((isKept) => isKept)).toHaveLength(1);
      expect(await store().getLog(runId, 1)).toMatchObject({ first: kept.flat().indexOf(true) });
    });

    it("may have 256 kB", async () => {
      const runId = await aRun();
      const lines = Array.from({ length: 2_621 }, (_, n) => `${n}`.padEnd(99, "."));
      await store().keepLogs([logOf(runId, 1, { lines, first: 3_000_000_000 })]);
      expect(await store().getLog(runId, 1)).toEqual(logOf(runId, 1, { lines, first: 3_000_000_000 }));
    });

    it("is not kept without its run", async () => {
      const runId = await aRun();
      expect(await store().keepLogs([logOf("nobody"), logOf(runId)])).toEqual([false, true]);
      expect(await store().getLog("nobody", 1)).toBeUndefined();
    });

    it("goes with the ledger when it is purged", async () => {
      const runId = await aRun();
      await store().keepLogs([logOf(runId), logOf(runId, 2)]);
      await store().purgeSchedule("orders");
      expect(await store().getLog(runId, 1)).toBeUndefined();
      expect(await aRun()).toBe(runId);
      expect(await store().getLog(runId, 1)).toBeUndefined();
      expect(await store().keepLogs([logOf(runId, 1, { lines: ["anew"] })])).toEqual([true]);
      expect(await store().getLog(runId, 1)).toMatchObject({ lines: ["anew"] });
      expect(await store().getLog(runId, 2)).toBeUndefined();
    });

    it("stays when another group is purged", async () => {
      const runId = await aRun();
      await register(store(), { spec: { groupId: "other" } });
      await plan(store(), {}, "other");
      await store().keepLogs([logOf(runId)]);
      await store().purgeSchedule("other");
      expect(await store().getLog(runId, 1)).toEqual(logOf(runId));
    });

    (supports.reopen ? it : it.skip)("is still there after a restart", async () => {
      const runId = await aRun();
      await store().keepLogs([logOf(runId)]);
      const next = await reopened();
      expect(await next.getLog(runId, 1)).toEqual(logOf(runId));
    });
  });
}
