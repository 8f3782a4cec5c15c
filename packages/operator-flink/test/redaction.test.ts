import { describe, expect, it } from "@jest/globals";
import { SystemClock } from "@tidegate/core/clock";
import { shortenedCause } from "@tidegate/operator-kit";
import { flinkCause } from "../src/rest/cause.js";
import { RestEndpoint } from "../src/rest/http.js";
import { SqlGateway } from "../src/rest/sql-gateway.js";
import { Sessions } from "../src/sql/sessions.js";
import { SqlRunner } from "../src/sql/sql-runner.js";

const KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----";

describe("a text of Flink's about a job", () => {
  it("holds no line of a secret of several, once it is one line itself", async () => {
    const cause = flinkCause(
      `a.IllegalStateException: no key is\n${KEY}\nCaused by: b.NullPointerException`,
    )!;
    expect(cause).toContain("hkiG9w0BAQEFAASC");
    const told = await runnerWith({ key: KEY }).redacted(cause, {
      setup: ["CREATE TEMPORARY TABLE t (a INT) WITH ('key' = '{{secret.key}}')"],
    });
    expect(told).toBe("IllegalStateException: no key is [redacted] [redacted] [redacted] [redacted]");
  });

  it("holds no beginning of a secret at the end of what is kept", async () => {
    const secret = "s3cret".repeat(10);
    const cause = flinkCause(`a.IllegalStateException: ${"x".repeat(450)} ${secret}`)!;
    const told = await runnerWith({ key: secret }).redacted(cause, {
      setup: ["CREATE TEMPORARY TABLE t (a INT) WITH ('key' = '{{secret.key}}')"],
    });
    expect(shortenedCause(told)).not.toContain("s3c");
  });
});

/** Asks nobody. */
function runnerWith(secrets: Readonly<Record<string, string>>): SqlRunner {
  const clock = new SystemClock();
  const gateway = new SqlGateway(new RestEndpoint("http://127.0.0.1", { headers: {}, timeoutMs: 1 }));
  const sessions = new Sessions(gateway, { clock, maxSessions: 1, heartbeatMs: 60_000 });
  return new SqlRunner({ gateway, sessions, secrets, clock });
}
