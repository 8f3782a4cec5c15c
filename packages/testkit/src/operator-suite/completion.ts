import type { OfflineJobRequest } from "@tidegate/core/operator";
import { describe, expect, it } from "../runner.js";
import { carryOut, endOf, laterGeneration, laterInterval, untroubled, withoutLog } from "./conduct.js";
import { type OperatorBed, offered } from "./fixture.js";

const METRICS = ["bytesWritten", "rowsDirty", "rowsRead", "rowsWritten"];

/** Tests a job that succeeds: its id, its end and its metrics. */
export function completionRules({ fixture }: OperatorBed): void {
  describe("completion", () => {
    it("ends a sound job as SUCCEEDED, without an error", async () => {
      const { operator, request } = fixture();
      const outcome = await carryOut(operator, request());
      expect(outcome).toEqual(expect.objectContaining({ state: "SUCCEEDED" }));
      expect(outcome.error).toBeUndefined();
    });

    it("names the job by a non-empty id", async () => {
      const { operator, request } = fixture();
      const job = await operator.submit(request(), untroubled());
      expect(job.jobId).toMatch(/\S/);
      await endOf(operator, job, request());
    });

    it("counts in whole numbers from 0, and leaves out what it does not know", async () => {
      const { operator, request } = fixture();
      const { metrics = {} } = await carryOut(operator, request());
      expect(METRICS).toEqual(expect.arrayContaining(Object.keys(metrics)));
      for (const figure of Object.values(metrics)) {
        expect(Number.isSafeInteger(figure)).toBe(true);
        expect(figure).toBeGreaterThanOrEqual(0);
      }
    });

    it("tells the same end to all who wait, at once or later", async () => {
      const { operator, request } = fixture();
      const { jobId } = await operator.submit(request(), untroubled());
      const wait = () => operator.wait(jobId, request(), untroubled());
      const [first, second] = await Promise.all([wait(), wait()]);
      expect(first.state).toBe("SUCCEEDED");
      expect(withoutLog(second)).toEqual(withoutLog(first));
      expect(withoutLog(await wait())).toEqual(withoutLog(first));
    });

    it("runs jobs of several intervals side by side, each to its own end", async () => {
      const { operator, request } = fixture();
      const requests = [0, 1, 2].map((steps) => laterInterval(request, steps));
      const outcomes = await Promise.all(requests.map((each) => carryOut(operator, each)));
      expect(outcomes.map(({ state }) => state)).toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    });
  });
}

/**
 * Tests repetition: an interval's data is there once, however often its job runs, and belongs to that
 * interval alone.
 */
export function repetitionRules({ fixture, supports }: OperatorBed): void {
  (supports.effects ? describe : describe.skip)("effect", () => {
    const effectsOf = (request: OfflineJobRequest) => offered(fixture(), "effects")(request);
    const succeed = async (request: OfflineJobRequest) => {
      const outcome = await carryOut(fixture().operator, request);
      expect(outcome).toEqual(expect.objectContaining({ state: "SUCCEEDED" }));
    };

    it("shows an interval once after one job", async () => {
      const { request } = fixture();
      await succeed(request());
      expect(await effectsOf(request())).toBe(1);
    });

    it("leaves the next interval to its own job", async () => {
      const { request } = fixture();
      const next = laterInterval(request, 1);
      await succeed(request());
      expect(await effectsOf(next)).toBe(0);
      await succeed(next);
      expect(await Promise.all([request(), next].map(effectsOf))).toEqual([1, 1]);
    });

    it("replaces what an earlier attempt of the run wrote", async () => {
      const { request } = fixture();
      await succeed(request());
      const retry = request({ attempt: 2 });
      await succeed(retry);
      expect(await effectsOf(retry)).toBe(1);
    });

    it("replaces what an earlier generation of the interval wrote", async () => {
      const { request } = fixture();
      await succeed(request());
      const rerun = laterGeneration(request);
      await succeed(rerun);
      expect(await effectsOf(rerun)).toBe(1);
    });
  });
}
