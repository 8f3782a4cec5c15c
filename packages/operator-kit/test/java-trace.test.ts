import { describe, expect, it } from "@jest/globals";
import { causeIn, shortenedCause } from "../src/java-trace.js";

const TRACE = [
  "org.shop.ReadException: The load failed",
  "\tat org.shop.Load.run(Load.java:7)",
  "Caused by: org.shop.RowException: Row 4 cannot be read",
  "Caused by: java.lang.NumberFormatException: For input string: x",
  "\t... 9 more",
].join("\n");

describe("a Java stack trace", () => {
  it("says its innermost cause, in the exception around it", () => {
    expect(causeIn(TRACE)).toBe(
      "NumberFormatException: For input string: x; in RowException: Row 4 cannot be read",
    );
  });

  it("says it in the outermost exception, if that is where the system says what it did", () => {
    expect(causeIn(TRACE, { context: "outermost" })).toBe(
      "NumberFormatException: For input string: x; in ReadException: The load failed",
    );
  });

  it("says it without a context that is a wrapper of any failure, Java's own or the system's", () => {
    const wrapped = (wrapper: string): string =>
      `${wrapper}: it failed\nCaused by: java.io.IOException: disk full`;
    expect(causeIn(wrapped("java.util.concurrent.ExecutionException"))).toBe("IOException: disk full");
    expect(causeIn(wrapped("org.shop.JobException"), { wrappers: new Set(["JobException"]) })).toBe(
      "IOException: disk full",
    );
  });

  it("says the caller of an exception that says less", () => {
    const lessTelling = new Set(["NumberFormatException"]);
    expect(causeIn(TRACE, { lessTelling })).toBe(
      "RowException: Row 4 cannot be read; in ReadException: The load failed",
    );
  });

  it("has its cause alone if only that has a message", () => {
    expect(causeIn("a.b.CException\nCaused by: d.EException: gone", { context: "outermost" })).toBe(
      "EException: gone",
    );
    expect(causeIn("no exception")).toBeUndefined();
  });

  it("is shortened to 500 characters", () => {
    expect(shortenedCause("x".repeat(500))).toHaveLength(500);
    expect(shortenedCause("x".repeat(600))).toBe(`${"x".repeat(500)}…`);
  });
});
