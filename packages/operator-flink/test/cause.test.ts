import { describe, expect, it } from "@jest/globals";
import { shortenedCause } from "@tidegate/operator-kit";
import { flinkCause } from "../src/rest/cause.js";

describe("the cause in a stack trace", () => {
  it("is the innermost one, without its stack and its package", () => {
    const trace = [
      "Internal server error.",
      "<Exception on server side:",
      "org.apache.flink.table.gateway.api.utils.SqlGatewayException: Failed to fetchResults.",
      "\tat org.apache.flink.table.gateway.rest.Handler.handle(Handler.java:91)",
      "Caused by: org.apache.flink.table.api.ValidationException: Cannot find table 'orders'.",
      "\tat org.apache.flink.table.Planner.plan(Planner.java:1)",
      "\t... 5 more",
      "",
      "End of exception on server side>",
    ].join("\n");
    expect(flinkCause(trace)).toBe("ValidationException: Cannot find table 'orders'.");
  });

  it("is the last one that says something", () => {
    const trace =
      "a.b.RuntimeException: The jar is broken\nCaused by: java.lang.ClassNotFoundException: no.such.Class\n" +
      "Caused by: java.lang.NullPointerException";
    expect(flinkCause(trace)).toBe("RuntimeException: The jar is broken");
  });

  it("has all lines of what it says", () => {
    const trace = [
      "org.apache.flink.table.api.ValidationException: Unable to create a source for reading table 'orders'.",
      "",
      "Table options are:",
      "",
      "'connector'='filesystem'",
      "\tat org.apache.flink.table.Factory.create(Factory.java:1)",
      "Caused by: org.apache.flink.table.api.ValidationException: One or more required options are missing.",
      "",
      "Missing required options are:",
      "",
      "format",
      "\tat org.apache.flink.table.Factory.check(Factory.java:1)",
      "\t... 7 more",
      "",
      "End of exception on server side>",
    ].join("\n");
    expect(flinkCause(trace)).toBe(
      "ValidationException: One or more required options are missing. Missing required options are: format; " +
        "in ValidationException: Unable to create a source for reading table 'orders'.",
    );
  });

  it.each([
    [
      "a.SqlParserException: SQL parse failed. Non-query expression encountered in illegal context",
      "SqlParserException: SQL parse failed. Non-query expression encountered in illegal context",
      "a.SqlParseException: Non-query expression encountered in illegal context",
      "a.CalciteException: Non-query expression encountered in illegal context",
    ],
    [
      "a.ValidationException: SQL validation failed. From line 1, column 8: Object 'order5' not found",
      "ValidationException: SQL validation failed. From line 1, column 8: Object 'order5' not found",
      "a.CalciteContextException: From line 1, column 8: Object 'order5' not found",
      "a.SqlValidatorException: Object 'order5' not found",
    ],
  ])("of SQL is the one that knows the place: %s", (outer, told, ...inner) => {
    expect(flinkCause([outer, ...inner.map((each) => `Caused by: ${each}`)].join("\n"))).toBe(told);
  });

  it("tells what it was met in, but for the frames of all jobs and wrappers that repeat it", () => {
    const trace = [
      "org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy",
      "Caused by: java.lang.RuntimeException: Fail to deserialize at field: sold_at.",
      "Caused by: java.time.format.DateTimeParseException: Text '0' could not be parsed at index 0",
    ];
    expect(flinkCause(trace.join("\n"))).toBe(
      "DateTimeParseException: Text '0' could not be parsed at index 0; in RuntimeException: Fail to deserialize at field: sold_at.",
    );
    expect(flinkCause([trace[0], "Caused by: java.lang.ArithmeticException: / by zero"].join("\n"))).toBe(
      "ArithmeticException: / by zero",
    );
    const wrapped = [
      "a.RuntimeException: java.io.IOException: disk full",
      "Caused by: java.io.IOException: disk full",
    ];
    expect(flinkCause(wrapped.join("\n"))).toBe("IOException: disk full");
  });

  it("is an exception's name where none says anything", () => {
    expect(flinkCause("java.lang.NullPointerException\n\tat a.B.c(B.java:1)")).toBe("NullPointerException");
  });

  it("is one line of limited length", () => {
    const cause = shortenedCause(flinkCause(`a.B$CException: ${"x\u2028".repeat(1_000)}`)!);
    expect(cause).toMatch(/^B\$CException: (x )+x?…$/);
    expect(cause.length).toBe(501);
  });

  it("is none in a text without an exception", () => {
    expect(flinkCause("<html>Bad gateway</html>")).toBeUndefined();
  });
});
