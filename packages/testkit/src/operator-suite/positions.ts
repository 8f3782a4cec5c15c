import { describe, expect, it } from "../runner.js";
import { type OperatorBed, offered } from "./fixture.js";

/** Tests `validateSource`: a job reads the source whose positions are planned. */
export function positionRules({ fixture, supports }: OperatorBed): void {
  (supports.positions ? describe : describe.skip)("validateSource", () => {
    it("accepts a job that reads the source of its schedule, as `validate` does", () => {
      const { operator } = fixture();
      const { job, source } = offered(fixture(), "positions");
      expect(operator.boundaryTypes).toContain("OFFSET");
      operator.validate?.(job);
      operator.validateSource!(job, source);
    });

    it("refuses one that reads another source, with the field of the job", () => {
      const { operator } = fixture();
      const { job, others } = offered(fixture(), "positions");
      expect(others.length).toBeGreaterThan(0);
      for (const other of others)
        expect(() => operator.validateSource!(job, other)).toThrow(
          expect.objectContaining({ code: "JOB_INVALID", field: expect.stringMatching(/^job\./) }),
        );
    });
  });
}
