import { describe, expect, it } from "@jest/globals";
import { causeIn } from "../src/rest/cause.js";

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
    expect(causeIn(trace)).toBe("ValidationException: Cannot find table 'orders'.");
  });

  it("is the last one that says something", () => {
    const trace =
      "a.b.RuntimeException: The jar is broken\nCaused by: java.lang.ClassNotFoundException: no.such.Class\n" +
      "Caused by: java.lang.NullPointerException";
    expect(causeIn(trace)).toBe("RuntimeException: The jar is broken");
  });

  it("is an exception's name where none says anything", () => {
    expect(causeIn("java.lang.NullPointerException\n\tat a.B.c(B.java:1)")).toBe("NullPointerException");
  });

  it("is one line of limited length", () => {
    const cause = causeIn(`a.B$CException: ${"x\u2028".repeat(1_000)}`)!;
    expect(cause).toMatch(/^B\$CException: (x )+x?…$/);
    expect(cause.length).toBe(501);
  });

  it("is none in a text without an exception", () => {
    expect(causeIn("<html>Bad gateway</html>")).toBeUndefined();
  });
});
