import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AirflowServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import type { AirflowRest } from "../../src/rest/airflow-rest.js";
import { restOf } from "../support/airflow.js";
import { Bed } from "../support/bed.js";
import { backfill, clear, dagRunsOf } from "../support/dag-runs.js";

/**
 * Tests DAG runs that somebody clears or backfills in Airflow.
 *
 * @param started - returns a server with the factory file in place
 */
export function reruns(started: () => AirflowServer): void {
  describe("reruns", () => {
    const MINUTE = 60_000;
    const HOUR = 60 * MINUTE;
    const HOURLY = { type: "period", every: 1, unit: "hour" } as const;

    let airflow: AirflowServer;
    let rest: AirflowRest;
    let bed: Bed;
    let count = 0;
    /** The end of the last interval that is over: half an hour ago, so that none ends while a test runs. */
    let now: number;

    beforeAll(() => {
      airflow = started();
      rest = restOf(airflow);
    });

    beforeEach(async () => {
      count += 1;
      bed = await Bed.open(airflow, `reruns-${count}`, { engine: { wait: true } });
      now = Math.floor(Date.now() / MINUTE) * MINUTE - HOUR / 2;
    });

    afterEach(async () => {
      await bed.client.unregister("orders");
      await bed.close();
    });

    /** Registers four hours that are over, of which Airflow fires the last. */
    async function registerHours(): Promise<void> {
      const startTime = now - 4 * HOUR;
      await bed.register("orders", { trigger: HOURLY, startTime, maxAttempts: 1, onFailure: "continue" });
      await untilGreen(1);
    }

    const dagRuns = () => dagRunsOf(rest, bed.dagOf("orders"));

    async function untilGreen(runs: number): Promise<void> {
      const isGreen = async () => {
        const states = (await dagRuns()).map(({ state }) => state);
        return states.length === runs && states.every((state) => state === "success");
      };
      await until(isGreen, { what: `${runs} green DAG runs` });
    }

    /** The generations of each interval, by how many hours before now it ended. */
    async function generations(): Promise<Record<number, number[]>> {
      const ended = new Map<number, number[]>();
      for (const { upper, generation, state } of await bed.runs("orders")) {
        expect(["SUCCEEDED", "FAILED"]).toContain(state);
        const hours = (now - upper) / HOUR;
        ended.set(hours, [...(ended.get(hours) ?? []), generation].sort());
      }
      return Object.fromEntries(ended);
    }

    describe("a DAG run that is cleared", () => {
      it("runs its interval again, once for each clear", async () => {
        await registerHours();
        const [run] = await dagRuns();
        for (const generation of [1, 2]) {
          const ran = bed.untilRan("orders", 1);
          await clear(rest, bed.dagOf("orders"), run!.dag_run_id);
          await ran;
          await untilGreen(1);
          const expected = Array.from({ length: generation + 1 }, (_, index) => index);
          expect(await generations()).toEqual({ 0: expected, 1: [0], 2: [0], 3: [0] });
        }
        expect(await bed.client.audit("orders")).toMatchObject({ isSound: true, gaps: [], overlaps: [] });
      });

      it("runs it once where its task is retried", async () => {
        await registerHours();
        const [run] = await dagRuns();
        bed.door.answersToLose = 4;
        await clear(rest, bed.dagOf("orders"), run!.dag_run_id);
        await until(() => bed.door.answersToLose === 0, { what: "the answers to be lost" });
        await untilGreen(1);
        expect(await generations()).toEqual({ 0: [0, 1], 1: [0], 2: [0], 3: [0] });
      });
    });

    describe("a backfill in Airflow", () => {
      it("runs what is missing and what has failed, and is green for what has succeeded", async () => {
        const broken = now - 2 * HOUR;
        bed.isFailing = ({ upperBound }) => Number(upperBound) === broken;
        await registerHours();
        bed.isFailing = () => false;
        await backfill(rest, bed.dagOf("orders"), now - 5 * HOUR, now - HOUR);
        await untilGreen(6);
        const types = (await dagRuns()).map(({ run_type: type }) => type);
        expect(types).toEqual([...Array.from({ length: 5 }, () => "backfill"), "scheduled"]);
        expect(await generations()).toEqual({ 0: [0], 1: [0], 2: [0, 1], 3: [0], 4: [0], 5: [0] });
        const range = { lower: now - 6 * HOUR, upper: now };
        const whole = { isSound: true, isComplete: true, succeeded: { runs: 6 } };
        expect(await bed.client.audit("orders", range)).toMatchObject(whole);
      });
    });
  });
}
