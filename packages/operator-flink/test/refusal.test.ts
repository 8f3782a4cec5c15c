import { describe, expect, it } from "@jest/globals";
import { Refused } from "../src/rest/http.js";
import { refusal } from "../src/run/submission.js";

describe("a statement that Flink refuses", () => {
  it.each([
    ["2.3", "ValidationException"],
    ["1.20", "TableException"],
  ])("for a table that is not there is not tried again: Flink %s", (_version, exception) => {
    expect(
      refusal(after(`org.apache.flink.table.api.${exception}: Cannot find table 'orders'.`), "job.sql"),
    ).toMatchObject({
      code: "JOB_INVALID",
      message: `job.sql: ${exception}: Cannot find table 'orders'.`,
    });
  });

  it("for what may pass can be tried again", () => {
    const trace = "org.apache.flink.table.api.TableException: Failed to execute sql";
    expect(refusal(after(trace), "job.sql")).toMatchObject({
      code: "JOB_FAILED",
      message: "job.sql: TableException: Failed to execute sql",
    });
  });
});

/** The gateway's answer with a cause. */
function after(cause: string): Refused {
  return new Refused(
    500,
    [
      "Internal server error.",
      "<Exception on server side:",
      "org.apache.flink.table.gateway.api.utils.SqlGatewayException: Failed to fetchResults.",
      `Caused by: ${cause}`,
      "\tat org.apache.flink.table.Planner.plan(Planner.java:1)",
      "",
      "End of exception on server side>",
    ].join("\n"),
  );
}
