import { OperatorError } from "@tidegate/core";
import { describe, expect, it } from "../runner.js";
import { carryOut, endOf, endOrRejection, untroubled, withoutLog } from "./conduct.js";
import { type OperatorBed, offered } from "./fixture.js";

/**
 * Tests cancellation, aborted signals and `stop`. None of these tests measures time: a slow job outlasts the
 * test runner's timeout, so one that is not stopped fails by it.
 */
export function stoppingRules({ fixture, supports }: OperatorBed): void {
  (supports.slow ? describe : describe.skip)("cancel", () => {
    it("ends a running job as CANCELLED, or as it had ended already", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const job = await operator.submit(slow, untroubled());
      const end = endOf(operator, job, slow);
      await operator.cancel(job.jobId, slow);
      expect(["CANCELLED", "SUCCEEDED"]).toContain((await end).state);
    });

    it("may be called again, at once and after the end", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const job = await operator.submit(slow, untroubled());
      const end = endOf(operator, job, slow);
      await Promise.all([operator.cancel(job.jobId, slow), operator.cancel(job.jobId, slow)]);
      await operator.cancel(job.jobId, slow);
      const { state } = await end;
      expect((await operator.wait(job.jobId, slow, untroubled())).state).toBe(state);
    });

    it("resolves only when the job can write no more: `find` then says how it ended, or that there is none", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const job = await operator.submit(slow, untroubled());
      const end = endOf(operator, job, slow);
      await operator.cancel(job.jobId, slow);
      const found = await operator.find(slow.idempotencyKey, slow);
      expect(found === undefined || found.outcome !== undefined).toBe(true);
      await end;
    });

    it("leaves nothing of the job to be seen, where it was in time", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const job = await operator.submit(slow, untroubled());
      const end = endOf(operator, job, slow);
      await operator.cancel(job.jobId, slow);
      const isCancelled = (await end).state === "CANCELLED";
      if (supports.effects) expect(await offered(fixture(), "effects")(slow)).toBe(isCancelled ? 0 : 1);
    });
  });

  describe("cancel after the end", () => {
    it("changes nothing", async () => {
      const { operator, request } = fixture();
      const { jobId } = await operator.submit(request(), untroubled());
      const outcome = await operator.wait(jobId, request(), untroubled());
      await operator.cancel(jobId, request());
      expect(withoutLog(await operator.wait(jobId, request(), untroubled()))).toEqual(withoutLog(outcome));
    });
  });

  describe("signal", () => {
    it("takes no job whose attempt was aborted before", async () => {
      const { operator, request } = fixture();
      const context = {
        signal: AbortSignal.abort(new OperatorError("JOB_CANCELLED", "Aborted by the test.")),
      };
      await expect(operator.submit(request(), context)).rejects.toThrow();
      expect(await operator.find(request().idempotencyKey, request())).toBeUndefined();
    });

    const itWithSlowJobs = supports.slow ? it : it.skip;

    itWithSlowJobs("ends an attempt that is aborted as it is submitted", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const abort = new AbortController();
      const end = endOrRejection(carryOut(operator, slow, { signal: abort.signal }));
      abort.abort(new OperatorError("JOB_CANCELLED", "Aborted by the test."));
      expect(await end).not.toBe("SUCCEEDED");
    });

    itWithSlowJobs("ends an attempt that is aborted while it waits", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const abort = new AbortController();
      const context = { signal: abort.signal };
      const job = await operator.submit(slow, context);
      const end = endOrRejection(endOf(operator, job, slow, context));
      abort.abort(new OperatorError("JOB_TIMED_OUT", "Aborted by the test."));
      expect(await end).not.toBe("SUCCEEDED");
      await operator.cancel(job.jobId, slow);
    });

    itWithSlowJobs(
      "leaves no job behind that `find` does not know, when it comes as a job is submitted",
      async () => {
        const { operator } = fixture();
        const slow = offered(fixture(), "slowRequest")();
        const abort = new AbortController();
        const submission = operator.submit(slow, { signal: abort.signal });
        abort.abort(new OperatorError("JOB_CANCELLED", "Aborted by the test."));
        const taken = await submission.catch(() => undefined);
        const found = await operator.find(slow.idempotencyKey, slow);
        if (taken !== undefined) expect(found?.jobId).toBe(taken.jobId);
        if (found !== undefined) await operator.cancel(found.jobId, slow);
        const left = await operator.find(slow.idempotencyKey, slow);
        expect(left === undefined || left.outcome !== undefined).toBe(true);
      },
    );

    itWithSlowJobs("ends one wait and leaves the job to the others", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const job = await operator.submit(slow, untroubled());
      const reason = new OperatorError("JOB_CANCELLED", "Aborted by the test.");
      await expect(operator.wait(job.jobId, slow, { signal: AbortSignal.abort(reason) })).rejects.toThrow();
      expect(await operator.find(slow.idempotencyKey, slow)).toMatchObject({ jobId: job.jobId });
      await operator.cancel(job.jobId, slow);
    });
  });

  describe("stop", () => {
    it("resolves when nothing runs", async () => {
      await expect(Promise.resolve(fixture().operator.stop?.())).resolves.toBeUndefined();
    });

    (supports.slow ? it : it.skip)("resolves while a job runs", async () => {
      const { operator } = fixture();
      const slow = offered(fixture(), "slowRequest")();
      const abort = new AbortController();
      const end = endOrRejection(carryOut(operator, slow, { signal: abort.signal }));
      await expect(Promise.resolve(operator.stop?.())).resolves.toBeUndefined();
      abort.abort(new OperatorError("JOB_CANCELLED", "The manager stops."));
      expect(await end).not.toBe("SUCCEEDED");
    });
  });
}
