import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { type ClockTimer, SystemClock } from "@tidegate/core/clock";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { FlinkConsole, FlinkSales, type FlinkServer, TcpProxy } from "@tidegate/test-servers";
import { createFlinkOperator } from "../../../src/index.js";
import { jobsOf } from "../../support/cluster.js";
import { aRequest, HOUR, MIDNIGHT, untroubled } from "../../support/requests.js";

const DAY = 24 * HOUR;
const TABLE = "shop.sales.daily";

/**
 * Tests refreshes of materialized tables as jobs.
 *
 * @param started - returns a server with the tests' catalog, whose tables nobody schedules
 */
export function refreshes(started: () => FlinkServer): void {
  describe("refreshes", () => {
    let flink: FlinkServer;
    let sales: FlinkSales;
    let operator: DefinedOperator;

    beforeAll(async () => {
      flink = started();
      operator = createFlinkOperator({ url: flink.url, gatewayUrl: flink.gatewayUrl });
      sales = await FlinkSales.create(flink, "shop");
      const daily = sales.definition("daily", { freshness: "'1' DAY", format: "yyyy-MM-dd" });
      await (await FlinkConsole.open(flink)).type(daily);
      sales.write([
        { id: 1, price: 1, part: "2025-12-31" },
        { id: 2, price: 2, part: "2026-01-01" },
        { id: 3, price: 3, part: "2026-01-01" },
        { id: 4, price: 4, part: "2026-01-02" },
        { id: 5, price: 0, part: "2026-01-03" },
      ]);
    }, 300_000);

    afterAll(() => operator?.stop());

    describe("a refresh as a job", () => {
      it("refreshes the partition of the interval, and no other", async () => {
        expect(await run(aDay({ identifier: TABLE, freshness: "1 DAY" }))).toMatchObject({
          state: "SUCCEEDED",
        });
        expect(sales.partitions("daily")).toEqual(new Map([["2026-01-01", [2, 3]]]));
      });

      it("does so where the freshness is not told, too, and replaces what was there", async () => {
        sales.write([
          { id: 2, price: 2, part: "2026-01-01" },
          { id: 6, price: 1, part: "2026-01-01" },
          { id: 1, price: 1, part: "2025-12-31" },
          { id: 4, price: 4, part: "2026-01-02" },
          { id: 5, price: 0, part: "2026-01-03" },
        ]);
        expect(await run(aDay({ identifier: TABLE }))).toMatchObject({ state: "SUCCEEDED" });
        expect(sales.partitions("daily")).toEqual(new Map([["2026-01-01", [2, 6]]]));
      });

      it("refreshes a day of 23 hours, where Flink's own time would mean the day before", async () => {
        sales.write([
          { id: 7, price: 1, part: "2026-03-28" },
          { id: 8, price: 1, part: "2026-03-29" },
        ]);
        const bounds = {
          lowerBound: String(Date.parse("2026-03-29T00:00+01:00")),
          upperBound: String(Date.parse("2026-03-30T00:00+02:00")),
        };
        const table = { identifier: TABLE, timezone: "Europe/Berlin" };
        await run(aRequest({ materializedTable: table }, bounds));
        expect([...sales.partitions("daily").keys()]).toEqual(["2026-01-01", "2026-03-28"]);
        await run(aRequest({ materializedTable: { ...table, freshness: "1 DAY" } }, bounds));
        expect(sales.partitions("daily").get("2026-03-29")).toEqual([8]);
      });

      it("refreshes a partition by name, once, with hints to the connector", async () => {
        sales.write([
          { id: 4, price: 4, part: "2026-01-02" },
          { id: 5, price: 0, part: "2026-01-03" },
        ]);
        const job = {
          identifier: "`shop`.`sales`.`daily`",
          partition: { part: "{{upper.date}}" },
          dynamicOptions: { "sink.parallelism": "1" },
        };
        expect(await run(aDay(job))).toMatchObject({ state: "SUCCEEDED" });
        expect(sales.partitions("daily").get("2026-01-02")).toEqual([4]);
      });

      it("is on Flink under the run's key, and there once however often it is asked for", async () => {
        const before = (await jobsOf(flink)).size;
        const request = aDay({ identifier: TABLE });
        const another = createFlinkOperator({ url: flink.url, gatewayUrl: flink.gatewayUrl });
        const jobs = await Promise.all([
          operator.submit(request, untroubled()),
          another.submit(request, untroubled()),
        ]);
        expect(jobs.map(({ jobId }) => jobId)).toEqual([request.idempotencyKey, request.idempotencyKey]);
        await operator.wait(request.idempotencyKey, request, untroubled());
        expect(await another.find(request.idempotencyKey, request)).toMatchObject({
          outcome: { state: "SUCCEEDED" },
        });
        await another.stop();
        expect((await jobsOf(flink)).size).toBe(before + 1);
      });

      it("is adopted where the answer to it was lost", async () => {
        const proxy = await TcpProxy.start(flink.gatewayPort);
        const lossy = createFlinkOperator({ url: flink.url, gatewayUrl: `http://127.0.0.1:${proxy.port}` });
        const before = (await jobsOf(flink)).size;
        const first = aDay({ identifier: TABLE });
        await lossy.wait((await lossy.submit(first, untroubled())).jobId, first, untroubled());
        const cut = proxy.cutAfter(0, "to-client");
        const second = aDay({ identifier: TABLE });
        const { jobId } = await lossy.submit(second, untroubled());
        await cut;
        expect(await lossy.wait(jobId, second, untroubled())).toMatchObject({ state: "SUCCEEDED" });
        expect((await jobsOf(flink)).size).toBe(before + 2);
        await lossy.stop();
        await proxy.dispose();
      });

      it("keeps no session alive when the operator is stopped meanwhile", async () => {
        const clock = new CountingClock();
        const stopped = createFlinkOperator({ url: flink.url, gatewayUrl: flink.gatewayUrl, clock });
        const submission = stopped.submit(aDay({ identifier: TABLE }), untroubled());
        await stopped.stop();
        await submission;
        expect(clock.waiting).toBe(0);
      });

      it("that fails says why, and may be tried again", async () => {
        const outcome = await run(aDay({ identifier: TABLE, partition: { part: "2026-01-03" } }));
        expect(outcome).toMatchObject({
          state: "FAILED",
          error: { message: "ArithmeticException: / by zero" },
        });
        expect(outcome.isRetryable).not.toBe(false);
      });

      it.each<[string, JsonObject, string]>([
        ["of no table", { identifier: "shop.sales.none" }, "Cannot find table"],
        [
          "of a table that is not materialized",
          { identifier: "shop.sales.sale" },
          "is not a materialized table",
        ],
        ["of a partition that cannot be", { identifier: TABLE, partition: { id: "1" } }, "partition"],
      ])("%s is refused with Flink's reason", async (_name, job, reason) => {
        await expect(operator.submit(aDay(job), untroubled())).rejects.toMatchObject({
          code: "JOB_INVALID",
          field: "job.materializedTable",
          message: expect.stringContaining(reason),
        });
      });
    });

    /** Knows how many are to be woken. */
    class CountingClock extends SystemClock {
      waiting = 0;

      override wakeAt(time: number, wake: () => void): ClockTimer {
        this.waiting += 1;
        let isOver = false;
        const end = (): void => {
          if (!isOver) this.waiting -= 1;
          isOver = true;
        };
        const timer = super.wakeAt(time, () => {
          end();
          wake();
        });
        return {
          cancel: () => {
            end();
            timer.cancel();
          },
        };
      }
    }

    function aDay(materializedTable: JsonObject): OfflineJobRequest {
      return aRequest({ materializedTable }, { upperBound: String(MIDNIGHT + DAY) });
    }

    async function run(request: OfflineJobRequest) {
      const { jobId } = await operator.submit(request, untroubled());
      return operator.wait(jobId, request, untroubled());
    }
  });
}
