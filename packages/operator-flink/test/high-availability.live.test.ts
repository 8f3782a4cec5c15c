import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { FlinkServer, SHORT_HEARTBEATS } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { createFlinkOperator } from "../src/index.js";
import { jobsOf } from "./support/cluster.js";
import { Readings } from "./support/readings.js";
import { aRequest, untroubled } from "./support/requests.js";

jest.setTimeout(300_000);

/** Long enough to be killed in. */
const ROWS = 20;

let flink: FlinkServer;

beforeAll(async () => {
  flink = await FlinkServer.start(SHORT_HEARTBEATS, { isHighlyAvailable: true });
}, 900_000);

afterAll(() => flink.dispose());

it("a job whose JobManager is killed goes on when that is back, and is waited for all along", async () => {
  const readings = new Readings(flink.dataFolder);
  const { url, gatewayUrl } = flink;
  const operator = createFlinkOperator({ url, gatewayUrl });
  const request = aRequest(readings.dripping(ROWS));
  const { jobId } = await operator.submit(request, untroubled());
  const end = operator.wait(jobId, request, untroubled());
  await until(async () => (await jobsOf(flink)).get(jobId) === "RUNNING", { what: "the job" });
  await flink.killJobManager();
  await flink.startAgain();
  expect([...(await jobsOf(flink)).keys()]).toEqual([jobId]);
  // Who has submitted it before it was killed, and comes again, has no second one.
  expect(await operator.submit(request, untroubled())).toMatchObject({ jobId });
  expect(await end).toMatchObject({ state: "SUCCEEDED" });
  expect([...(await jobsOf(flink)).keys()]).toEqual([jobId]);
  expect(readings.rows().sort()).toEqual(Array.from({ length: ROWS }, (_, index) => `,${index + 1}`).sort());
  await operator.stop();
});
