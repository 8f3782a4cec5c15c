import { hash } from "node:crypto";
import type {
  JobSplit,
  OfflineJobRequest,
  ScheduleOperator,
  ShardResult,
  ShardSpec,
} from "@tidegate/core/operator";
import { describe, expect, it } from "../runner.js";
import { carryOut, laterGeneration, untroubled } from "./conduct.js";
import { type OperatorBed, offered } from "./fixture.js";

const TARGET = 4;

/** Tests `split` and `merge`: the parts of a job are the whole job, and readers see all of them at once. */
export function splittingRules({ fixture, supports }: OperatorBed): void {
  (supports.split ? describe : describe.skip)("split", () => {
    it("is there for a job that can be split", () => {
      const { operator } = fixture();
      const { job } = offered(fixture(), "splitRequest")();
      expect(operator.split).toBeDefined();
      expect(operator.canSplit?.(job) ?? true).toBe(true);
    });

    it("names several parts, each by a key of its own, which is the same whenever it is asked", async () => {
      const { operator } = fixture();
      const request = offered(fixture(), "splitRequest");
      const { shards } = await split(operator, request());
      const keys = shards.map(({ key }) => key).sort();
      expect(keys.length).toBeGreaterThan(1);
      expect(new Set(keys).size).toBe(keys.length);
      const again = await split(operator, laterGeneration(request));
      expect(again.shards.map(({ key }) => key).sort()).toEqual(keys);
      expect(JSON.parse(JSON.stringify(shards))).toEqual(shards);
    });

    it("writes nothing", async () => {
      const { operator, effects } = fixture();
      const request = offered(fixture(), "splitRequest")();
      await split(operator, request);
      expect((await effects?.(request)) ?? 0).toBe(0);
    });

    it("makes jobs of the parts, side by side, each of which is found by its own key alone", async () => {
      const { operator } = fixture();
      const request = offered(fixture(), "splitRequest")();
      const parts = await partsOf(operator, request);
      const outcomes = await Promise.all(parts.map((part) => carryOut(operator, part)));
      expect(outcomes.map(({ state }) => state)).toEqual(parts.map(() => "SUCCEEDED"));
      const found = await Promise.all(parts.map((part) => operator.find(part.idempotencyKey, part)));
      expect(new Set(found.map((job) => job?.jobId)).size).toBe(parts.length);
      expect(found).not.toContain(undefined);
      expect(await operator.find(request.idempotencyKey, request)).toBeUndefined();
    });

    it("has all parts read one view of the source, if it names one, whatever is written meanwhile", async () => {
      const { operator, changeSource } = fixture();
      if (changeSource === undefined) return;
      const request = offered(fixture(), "splitRequest");
      const whole = await carryOut(operator, request());
      const parts = await partsOf(operator, laterGeneration(request));
      let rows = 0;
      for (const part of parts) {
        expect(part.shard!.snapshotToken).toEqual(expect.any(String));
        const { metrics } = await carryOut(operator, part);
        rows += metrics!.rowsWritten!;
        await changeSource();
      }
      expect(rows).toBe(whole.metrics!.rowsWritten);
      const after = await carryOut(
        operator,
        request({ runId: "f".repeat(32), idempotencyKey: "f".repeat(32) }),
      );
      expect(after.metrics!.rowsWritten).not.toBe(rows);
    });

    it("fails a part whose view of the source is gone, so that the run is split anew", async () => {
      const { operator } = fixture();
      const [part] = await partsOf(operator, offered(fixture(), "splitRequest")());
      if (part?.shard?.snapshotToken === undefined) return;
      const shard = { ...part.shard, snapshotToken: `${part.shard.snapshotToken}0` };
      const { state, error } = await carryOut(operator, { ...part, shard });
      expect({ state, code: error?.code }).toEqual({ state: "FAILED", code: "SPLIT_STALE" });
    });
  });

  (supports.split && supports.effects ? describe : describe.skip)("merge", () => {
    it("publishes what the parts wrote, all at once, and once although it is called again", async () => {
      const { operator } = fixture();
      const effects = offered(fixture(), "effects");
      const request = offered(fixture(), "splitRequest")();
      const parts = await partsOf(operator, request);
      const results: ShardResult[] = [];
      for (const part of parts) {
        if (operator.merge !== undefined) expect(await effects(request)).toBe(0);
        const { metrics = {} } = await carryOut(operator, part);
        results.push({ key: part.shard!.key, args: part.shard!.args, jobId: null, metrics });
      }
      await operator.merge?.(request, results, untroubled());
      expect(await effects(request)).toBe(1);
      await operator.merge?.(request, results, untroubled());
      expect(await effects(request)).toBe(1);
    });

    it("leaves nothing doubled when a part was carried out twice", async () => {
      const { operator } = fixture();
      const effects = offered(fixture(), "effects");
      const request = offered(fixture(), "splitRequest")();
      const parts = await partsOf(operator, request);
      const results: ShardResult[] = [];
      for (const part of [parts[0]!, ...parts]) {
        const { metrics = {} } = await carryOut(operator, part);
        results.push({ key: part.shard!.key, args: part.shard!.args, jobId: null, metrics });
      }
      await operator.merge?.(request, results.slice(1), untroubled());
      expect(await effects(request)).toBe(1);
    });
  });
}

async function split(operator: ScheduleOperator, request: OfflineJobRequest): Promise<JobSplit> {
  const made = await operator.split?.(request, { ...untroubled(), target: TARGET });
  return made ?? { shards: [] };
}

/** Returns the requests of the parts of a job, as the dispatcher makes them. */
async function partsOf(operator: ScheduleOperator, request: OfflineJobRequest): Promise<OfflineJobRequest[]> {
  const { shards, snapshotToken } = await split(operator, request);
  return shards.map(({ key, args }: ShardSpec) => ({
    ...request,
    idempotencyKey: hash("sha256", `${request.runId}\n${key}`, "hex").slice(0, 32),
    shard: { key, args, count: shards.length, ...(snapshotToken === undefined ? {} : { snapshotToken }) },
  }));
}
