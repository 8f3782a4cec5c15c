import { OperatorError } from "@tidegate/core";
import { describe, expect, it } from "../runner.js";
import { carryOut } from "./conduct.js";
import { type OperatorBed, offered } from "./fixture.js";

/** Tests jobs that fail, and invalid jobs. */
export function failureRules({ fixture, supports }: OperatorBed): void {
  (supports.failing ? describe : describe.skip)("failure", () => {
    it("is an outcome that says why, not an exception", async () => {
      const { operator } = fixture();
      const outcome = await carryOut(operator, offered(fixture(), "failingRequest")());
      expect(outcome.state).toBe("FAILED");
      expect(outcome.error?.code).toMatch(/^[A-Z][A-Z0-9_]*$/);
      expect(outcome.error?.message).toMatch(/\S/);
    });

    it("does not keep the operator from the next job", async () => {
      const { operator, request } = fixture();
      await carryOut(operator, offered(fixture(), "failingRequest")());
      expect(await carryOut(operator, request())).toEqual(expect.objectContaining({ state: "SUCCEEDED" }));
    });

    (supports.effects ? it : it.skip)("shows nothing of the interval", async () => {
      const { operator } = fixture();
      const failing = offered(fixture(), "failingRequest")();
      await carryOut(operator, failing);
      expect(await offered(fixture(), "effects")(failing)).toBe(0);
    });
  });

  (supports.busy ? describe : describe.skip)("a service that asks for a wait", () => {
    it("gets it: the failure, told or thrown, says how long the next attempt is to wait", async () => {
      const { operator } = fixture();
      const failure: unknown = await carryOut(operator, offered(fixture(), "busyRequest")()).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ retryAfterMs: 60_000 });
      expect(failure).not.toMatchObject({ isRetryable: false });
    });
  });

  (supports.validate ? describe : describe.skip)("validate", () => {
    it("accepts the job of a request that succeeds", () => {
      const { operator, request } = fixture();
      expect(() => operator.validate?.(request().job)).not.toThrow();
    });

    it("refuses a malformed job as JOB_INVALID and names the field", () => {
      const { operator } = fixture();
      const malformed = offered(fixture(), "malformedJob");
      const refusal = thrownBy(() => operator.validate?.(malformed));
      expect(refusal).toBeInstanceOf(OperatorError);
      expect(refusal).toMatchObject({ code: "JOB_INVALID", field: expect.stringMatching(/^job\b/) });
    });
  });
}

function thrownBy(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
