import { describe, expect, it } from "../runner.js";
import { carryOut, laterGeneration, untroubled, withoutLog } from "./conduct.js";
import { type OperatorBed, offered } from "./fixture.js";

/** Tests `find`: a key leads to the job that was submitted with it, and to no other. */
export function lookupRules({ fixture, supports }: OperatorBed): void {
  describe("find", () => {
    it("knows no job for a key that was never submitted", async () => {
      const { operator, request } = fixture();
      expect(await operator.find(request().idempotencyKey, request())).toBeUndefined();
    });

    it("knows a job from the moment it is taken", async () => {
      const { operator, request } = fixture();
      const job = await operator.submit(request(), untroubled());
      const found = await operator.find(request().idempotencyKey, request());
      expect(found?.jobId).toBe(job.jobId);
      await operator.wait(job.jobId, request(), untroubled());
    });

    it("does not take the job of an earlier generation for the later one's", async () => {
      const { operator, request } = fixture();
      await carryOut(operator, request());
      const rerun = laterGeneration(request);
      expect(await operator.find(rerun.idempotencyKey, rerun)).toBeUndefined();
    });
  });

  (supports.restart ? describe : describe.skip)("find after a restart", () => {
    it("knows a job that has ended, and how", async () => {
      const { operator, request } = fixture();
      const outcome = await carryOut(operator, request());
      const restarted = await offered(fixture(), "restart")();
      const found = await restarted.find(request().idempotencyKey, request());
      expect(found).toBeDefined();
      const end = found?.outcome ?? (await restarted.wait(found!.jobId, request(), untroubled()));
      expect(withoutLog(end)).toEqual(withoutLog(outcome));
    });

    it("lets the end of a job be asked by its id alone", async () => {
      const { operator, request } = fixture();
      const { jobId } = await operator.submit(request(), untroubled());
      const outcome = await operator.wait(jobId, request(), untroubled());
      const restarted = await offered(fixture(), "restart")();
      expect(withoutLog(await restarted.wait(jobId, request(), untroubled()))).toEqual(withoutLog(outcome));
    });

    it("knows no job for a key that was never submitted", async () => {
      const { operator, request } = fixture();
      await carryOut(operator, request());
      const rerun = laterGeneration(request);
      const restarted = await offered(fixture(), "restart")();
      expect(await restarted.find(rerun.idempotencyKey, rerun)).toBeUndefined();
    });
  });
}
