import { OperatorError } from "@tidegate/core";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "../runner.js";
import { type OperatorBed, offered } from "./fixture.js";

/** Tests the JSON Schema of jobs, by which forms and documentation know them. */
export function descriptionRules({ fixture, supports }: OperatorBed): void {
  (supports.describeJob ? describe : describe.skip)("describeJob", () => {
    it("is a JSON Schema that accepts every job that the operator runs", () => {
      const { operator, request, slowRequest, failingRequest } = fixture();
      const isJob = new Ajv2020({ strict: false }).compile(operator.describeJob?.() ?? false);
      for (const create of [request, slowRequest, failingRequest]) {
        if (create === undefined) continue;
        isJob(create().job);
        expect(isJob.errors).toBeNull();
      }
    });

    it("is a JSON Schema that rejects misshapen jobs, as the operator does", () => {
      const { operator } = fixture();
      const misshapen = offered(fixture(), "misshapenJobs");
      const isJob = new Ajv2020({ strict: false }).compile(operator.describeJob?.() ?? true);
      expect(misshapen.length).toBeGreaterThan(0);
      for (const job of misshapen) {
        expect({ job, isAccepted: isJob(job) }).toEqual({ job, isAccepted: false });
        expect(() => operator.validate?.(job)).toThrow(OperatorError);
      }
    });
  });
}
