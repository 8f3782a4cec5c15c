import type { OfflineJobRequest, RowCounts } from "@tidegate/core/operator";
import { describe, expect, it } from "../runner.js";
import { carryOut, laterInterval, withoutLog } from "./conduct.js";
import { type OperatorBed, offered } from "./fixture.js";

/** Tests `verify`: it counts both sides of exactly one interval, and changes nothing. */
export function verificationRules({ fixture, supports }: OperatorBed): void {
  (supports.verify ? describe : describe.skip)("verify", () => {
    const count = (request: OfflineJobRequest, withChecksum = false): Promise<RowCounts> => {
      const { operator } = fixture();
      if (operator.verify === undefined) throw new Error("The operator has no `verify`.");
      return operator.verify(request, { signal: new AbortController().signal, withChecksum });
    };

    it("counts the rows that have arrived, as often as it is asked", async () => {
      const { operator, request } = fixture();
      await carryOut(operator, request());
      const counts = await count(request());
      expect(counts.sourceRows).toBeGreaterThan(0);
      expect(counts.targetRows).toBe(counts.sourceRows);
      expect(await count(request())).toEqual(counts);
    });

    it("sees that an interval whose job has not run has no rows in the target", async () => {
      const { operator, request } = fixture();
      await carryOut(operator, laterInterval(request, 1));
      const { sourceRows, targetRows } = await count(request());
      expect(sourceRows).toBeGreaterThan(0);
      expect(targetRows).toBe(0);
    });

    it("has equal checksums for equal rows, if it can compare contents", async () => {
      const { operator, request } = fixture();
      if (operator.cannotVerify?.(request().job, true) !== undefined) return;
      await carryOut(operator, request());
      const { checksums } = await count(request(), true);
      expect(checksums?.source).toMatch(/./);
      expect(checksums?.target).toBe(checksums?.source);
    });

    (supports.effects ? it : it.skip)("leaves the rows as they are, and the job to be found", async () => {
      const { operator, request } = fixture();
      const outcome = await carryOut(operator, request());
      await count(request());
      expect(await offered(fixture(), "effects")(request())).toBe(1);
      const found = await operator.find(request().idempotencyKey, request());
      expect(withoutLog(found?.outcome ?? outcome)).toEqual(withoutLog(outcome));
    });

    it("rejects when a side cannot be read", async () => {
      if (!supports.failing) return;
      await expect(count(offered(fixture(), "failingRequest")())).rejects.toThrow();
    });
  });
}
