import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { fillTemplate } from "../src/job/url-template.js";

const VALUES = { jobId: "j", runId: "r", idempotencyKey: "k", groupId: "g" };

describe("an address template", () => {
  it("fills in every name", () => {
    const url = fillTemplate(
      "https://a.example/{{jobId}}/{{runId}}?k={{idempotencyKey}}&g={{groupId}}",
      VALUES,
    );
    expect(url.href).toBe("https://a.example/j/r?k=k&g=g");
  });

  it("leads to the same host, path depth and parameters whatever the values are", () => {
    const template = "https://a.example/jobs/{{jobId}}/state?key={{idempotencyKey}}";
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.string(), (jobId, idempotencyKey) => {
        fc.pre(!/^\.*$/.test(jobId) && !/^\.*$/.test(idempotencyKey));
        const url = fillTemplate(template, { ...VALUES, jobId, idempotencyKey });
        expect(url.origin).toBe("https://a.example");
        expect(url.pathname.split("/")).toEqual(["", "jobs", expect.any(String), "state"]);
        expect([...url.searchParams]).toEqual([["key", idempotencyKey]]);
        expect(decodeURIComponent(url.pathname.split("/")[2]!)).toBe(jobId);
      }),
    );
  });

  it.each(["", ".", "..", "..."])('refuses the value "%s"', (jobId) => {
    expect(() => fillTemplate("https://a.example/{{jobId}}/x", { ...VALUES, jobId })).toThrow(RangeError);
  });
});
