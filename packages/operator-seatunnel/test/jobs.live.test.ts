import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { PostgresServer, SeaTunnelServer } from "@tidegate/test-servers";
import { aRequest, untroubled } from "@tidegate/testkit";
import { createSeaTunnelOperator } from "../src/index.js";
import { jobsNamed, stopByHand, untilItReads } from "./support/cluster.js";
import { rejectionOf, Warehouse } from "./support/jobs.js";

// A job takes one or two seconds, on a busy machine many more.
jest.setTimeout(300_000);

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

let server: SeaTunnelServer;
let operator: DefinedOperator;
let warehouse: Warehouse;
let count = 0;

beforeAll(async () => {
  server = await SeaTunnelServer.start();
  operator = createSeaTunnelOperator({ url: server.url });
}, 900_000);

afterAll(async () => {
  await operator.stop();
  await server.dispose();
});

beforeEach(() => {
  count += 1;
  warehouse = new Warehouse(server.directory, `jobs-${count}`);
});

/** The request of the n-th hour. */
function hour(n: number, job: JsonObject, overrides: Partial<OfflineJobRequest> = {}): OfflineJobRequest {
  const id = `${count.toString(16).padStart(16, "a")}${n.toString(16).padStart(16, "0")}`;
  const [lower, upper] = [START + n * HOUR, START + (n + 1) * HOUR];
  return aRequest(job, {
    lowerBound: `${lower}`,
    upperBound: `${upper}`,
    scheduledTime: upper,
    runId: id,
    idempotencyKey: id,
    ...overrides,
  });
}

async function carryOut(request: OfflineJobRequest) {
  const job = await operator.submit(request, untroubled());
  return job.outcome ?? operator.wait(job.jobId, request, untroubled());
}

describe("a copy by keys of a table", () => {
  it("gives each row to the range of its key, digit by digit, and writes a range again in its place", async () => {
    const postgres = await PostgresServer.start();
    try {
      const database = await postgres.createDatabase();
      await postgres.query("CREATE TABLE rows (id BIGINT PRIMARY KEY, who TEXT, ts TEXT)", database);
      const keys = ["-9223372036854775808", "-1", "0", "9007199254740992", "9007199254740993"];
      const rows = keys.map((key) => `('${key}', 'ann', 'now')`);
      await postgres.query(`INSERT INTO rows VALUES ${rows.join(", ")}`, database);
      const { host, pathname } = new URL(database);
      const job = warehouse.copyTable(
        `jdbc:postgresql://${host}${pathname}`,
        "select id, who, ts from rows where id >= {{lower.offset}} and id < {{upper.offset}}",
      );
      const bounds = ["-9223372036854775808", "0", "9007199254740993", "9007199254740994"];
      for (const n of [0, 1, 1, 2]) {
        count += 1;
        const request = hour(n, job, {
          boundaryType: "OFFSET",
          lowerBound: JSON.stringify({ main: bounds[n] }),
          upperBound: JSON.stringify({ main: bounds[n + 1] }),
          interval: { lower: START + n * HOUR, upper: START + (n + 1) * HOUR },
        });
        expect(await carryOut(request)).toMatchObject({ state: "SUCCEEDED" });
      }
      expect(warehouse.rows()).toEqual(keys.map((key) => `${key},ann,now`).sort());
    } finally {
      await postgres.dispose();
    }
  });
});

describe("a copy", () => {
  it("moves each row with the interval that it lies in, and no row twice", async () => {
    const rows = Array.from({ length: 60 }, (_, index) => {
      // Each hour's first and last second among them.
      const at = new Date(START + Math.floor(index / 2) * 600_000 - (index % 2) * 1_000);
      return `${index},row ${index},${at.toISOString().slice(0, 19).replace("T", " ")}`;
    });
    warehouse.put(rows);
    for (let n = -1; n < 5; n += 1) {
      const outcome = await carryOut(hour(n, warehouse.copy()));
      expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsRead: rows.length } });
    }
    expect(warehouse.rows()).toEqual([...rows].sort());
  });

  it("replaces what an earlier run of the interval wrote", async () => {
    warehouse.put(["1,ann,2026-01-01 00:10:00", "2,bob,2026-01-01 00:20:00"]);
    await carryOut(hour(0, warehouse.copy()));
    warehouse.put(["1,ann,2026-01-01 00:10:00"]);
    await carryOut(hour(0, warehouse.copy(), { idempotencyKey: `b${count}`, runId: `b${count}` }));
    expect(warehouse.rows()).toEqual(["1,ann,2026-01-01 00:10:00"]);
  });

  it("takes bounds as numbers where that is what rows have", async () => {
    warehouse.put(["1767225600,ann,x", "1767229199,bob,x", "1767229200,eve,x"]);
    const query = "select id, who, ts from rows where id >= {{lower.epochS}} and id < {{upper.epochS}}";
    await carryOut(hour(0, warehouse.copy(query)));
    expect(warehouse.rows()).toEqual(["1767225600,ann,x", "1767229199,bob,x"]);
  });
});

describe("a job that goes wrong", () => {
  it("fails with the cause, in one line", async () => {
    warehouse.put(["1,ann,2026-01-01 00:10:00"]);
    const { state, error } = await carryOut(
      hour(0, warehouse.copy("select id from rows where nowhere < '{{upper.timestamp}}'")),
    );
    expect(state).toBe("FAILED");
    expect(error).toMatchObject({ code: "JOB_FAILED", message: expect.stringContaining("nowhere") });
    expect(error?.message).not.toMatch(/\n|\tat /);
  });

  it("is refused where SeaTunnel can tell beforehand", async () => {
    warehouse.put(["1,ann,2026-01-01 00:10:00"]);
    const job = warehouse.copy("select nowhere from rows where ts < '{{upper.timestamp}}'");
    const error = await rejectionOf(operator.submit(hour(0, job), untroubled()));
    expect(error).toMatchObject({ code: "JOB_INVALID", message: expect.stringContaining("nowhere") });
  });

  it("is refused where SeaTunnel has no such plugin", async () => {
    warehouse.put(["1,ann,2026-01-01 00:10:00"]);
    const job = { ...warehouse.copy(), sink: [{ plugin_name: "Nowhere" }], rerun: "replaces" };
    const error = await rejectionOf(operator.submit(hour(0, job), untroubled()));
    expect(error).toMatchObject({ code: "JOB_FAILED", message: expect.stringContaining("Nowhere") });
  });

  it("is stopped at its deadline where SeaTunnel has it running for ever", async () => {
    warehouse.put(["1,ann,2026-01-01 00:10:00"]);
    const sink = {
      plugin_name: "Assert",
      source_table_name: "cut",
      rules: { row_rules: [{ rule_type: "MIN_ROW", rule_value: 10 }] },
    };
    const request = hour(0, { ...warehouse.copy(), sink: [sink], deadlineMs: 3_000 });
    expect(await carryOut(request)).toMatchObject({ state: "FAILED", error: { code: "JOB_TIMED_OUT" } });
    const jobs = await jobsNamed(server, request.idempotencyKey);
    expect(jobs).toEqual([expect.objectContaining({ jobStatus: "CANCELED" })]);
  });

  it("that a person stops ends as CANCELLED", async () => {
    const request = hour(0, warehouse.slow());
    const { jobId } = await operator.submit(request, untroubled());
    await untilItReads(server, request.idempotencyKey);
    await stopByHand(server, jobId);
    expect((await operator.wait(jobId, request, untroubled())).state).toBe("CANCELLED");
  });
});

describe("values from outside", () => {
  const ROWS = ["1,ann,2026-01-01 00:10:00", "2,bob,2026-01-01 00:20:00"];

  it.each(["x' or '1' = '1", "' or ts <> '", "x'; drop table rows; --", "''", "'"])(
    "stay within their literal: group %j",
    async (groupId) => {
      warehouse.put(ROWS);
      const query = "select id, who, ts from rows where ts < '{{upper.timestamp}}' and who = {{groupId.sql}}";
      const { state } = await carryOut(hour(0, warehouse.copy(query), { groupId }));
      expect(state).toBe("SUCCEEDED");
      expect(warehouse.rows()).toEqual([]);
    },
  );

  it("select what they name", async () => {
    warehouse.put(ROWS);
    const query = "select id, who, ts from rows where ts < '{{upper.timestamp}}' and who = {{groupId.sql}}";
    await carryOut(hour(0, warehouse.copy(query), { groupId: "bob" }));
    expect(warehouse.rows()).toEqual([ROWS[1]]);
  });

  it.each(["0' or '1' = '1", "1e3", "", "9".repeat(17), "0x10"])(
    "are refused where they are no instants: %j",
    async (lowerBound) => {
      const request = hour(0, warehouse.copy(), { lowerBound });
      expect(await rejectionOf(operator.submit(request, untroubled()))).toMatchObject({
        code: "JOB_INVALID",
        field: "job.transform.0.query",
      });
      expect(await jobsNamed(server, request.idempotencyKey)).toEqual([]);
    },
  );
});
