import { OperatorError } from "@tidegate/core";
import { offsetText } from "@tidegate/core/offset";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { describe, expect, it } from "../runner.js";
import { carryOut, laterInterval, untroubled } from "./conduct.js";
import { type OperatorBed, type OperatorFixture, offered } from "./fixture.js";

/** Tests jobs that read by positions: which source they read, and that each run gets exactly the records of its range. */
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

  (supports.positions ? describe : describe.skip)("a range of positions", () => {
    it("gives its records to one run alone, which ends whatever is at its end", async () => {
      const { operator } = fixture();
      const { ranges, written } = offered(fixture(), "positions");
      expect(ranges.length).toBeGreaterThan(1);
      const requests = ranges.map((_, index) => rangeRequest(fixture(), index));
      for (const request of requests)
        expect(await carryOut(operator, request)).toEqual(expect.objectContaining({ state: "SUCCEEDED" }));
      expect(await Promise.all(requests.map(written))).toEqual(ranges.map(({ records }) => records));
    });

    it("is read again by another attempt, in place of what the first one wrote", async () => {
      const { operator } = fixture();
      const { ranges, written } = offered(fixture(), "positions");
      const index = ranges.findIndex(({ records }) => records.length > 0);
      const request = rangeRequest(fixture(), index);
      await carryOut(operator, request);
      const again = await carryOut(operator, { ...request, attempt: 2 });
      expect(again).toEqual(expect.objectContaining({ state: "SUCCEEDED" }));
      expect(await written(request)).toEqual(ranges[index]!.records);
    });

    it("has to be one: a run whose bounds are no positions is refused", async () => {
      const { operator } = fixture();
      for (const wrong of [{ lowerBound: "now" }, { upperBound: "[]" }]) {
        const request = { ...rangeRequest(fixture(), 0), ...wrong };
        await expect(operator.submit(request, untroubled())).rejects.toThrow(OperatorError);
      }
    });
  });
}

/** Returns the request of a run that reads the range with this index, and stands for an interval of its own. */
function rangeRequest(bed: OperatorFixture, index: number): OfflineJobRequest {
  const { job, ranges } = offered(bed, "positions");
  const { lower, upper } = ranges[index]!;
  const request = laterInterval(bed.request, index);
  return {
    ...request,
    job,
    boundaryType: "OFFSET",
    lowerBound: offsetText(lower),
    upperBound: offsetText(upper),
    interval: { lower: Number(request.lowerBound), upper: Number(request.upperBound) },
    sourceIncarnation: "first",
  };
}
