import { randomBytes } from "node:crypto";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { createFlinkOperator } from "@tidegate/operator-flink";
import { FlinkServer } from "@tidegate/test-servers";
import { atMost, type Figure, rounded } from "../figure.js";
import { sleep } from "../setup.js";
import { CountingProxy } from "./counting-proxy.js";

/** So many that a thousand still wait at the end. */
const RUNS = 1_120;
const MEASURED_MS = 60_000;
const HEAP_MB = 1_536;

/** Four jobs run at a time, for seconds; the others wait for their turn on Flink. */
const SETUP = [
  "CREATE TEMPORARY TABLE rows_in (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1', 'number-of-rows' = '8')",
  "CREATE TEMPORARY TABLE rows_out (n INT) WITH ('connector' = 'blackhole')",
];

interface Ended {
  readonly jobId: string;
  readonly noticedAt: number;
}

/** More than a thousand runs that wait for their jobs on one cluster: what they ask of it, and how soon they notice an end. */
export async function poll(): Promise<Figure[]> {
  const flink = await FlinkServer.start({ "slot.request.timeout": "86400000" }, { heapMb: HEAP_MB });
  const proxy = await CountingProxy.start(flink.url);
  const operator = createFlinkOperator({ url: flink.url, gatewayUrl: flink.gatewayUrl });
  const watching = createFlinkOperator({ url: proxy.url, gatewayUrl: flink.gatewayUrl });
  const ended: Ended[] = [];
  const context = { signal: new AbortController().signal };
  const requests = Array.from({ length: RUNS }, requestOf);
  for (const request of requests) await operator.submit(request, context);
  const waits = requests.map(async (request) => {
    const jobId = request.idempotencyKey;
    const { state } = await watching.wait(jobId, request, context);
    if (state === "SUCCEEDED") ended.push({ jobId, noticedAt: Date.now() });
  });
  // Those that had ended before anyone waited.
  await sleep(10_000);
  const since = Date.now();
  const before = ended.length;
  await sleep(MEASURED_MS);
  const most = proxy.mostPerSecond(since);
  const perSecond = proxy.times.filter((time) => time >= since).length / (MEASURED_MS / 1_000);
  const noticed = ended.slice(before);
  const waiting = RUNS - ended.length;
  const delays = await Promise.all(
    noticed.map(async ({ jobId, noticedAt }) => noticedAt - (await endOf(flink, jobId))),
  );
  const settled = Promise.allSettled(waits);
  await Promise.all([operator.stop(), watching.stop()]);
  await settled;
  proxy.close();
  await flink.dispose();
  if (delays.length === 0) throw new Error("No job has ended.");
  return [
    atMost(10, {
      id: "flink-poll",
      what: `requests to one cluster on which ${waiting} runs wait, the most within any second of a minute`,
      value: most,
      unit: "requests/s",
      reference: { what: "on average (requests/s)", value: rounded(perSecond) },
    }),
    atMost(2_000, {
      id: "flink-poll-end",
      what: `the same: from a job's end until its run knows, the longest of ${delays.length}`,
      value: Math.max(...delays),
      unit: "ms",
      reference: {
        what: "on average (ms)",
        value: rounded(delays.reduce((a, b) => a + b, 0) / delays.length),
      },
    }),
  ];
}

function requestOf(): OfflineJobRequest {
  const key = randomBytes(16).toString("hex");
  return {
    groupId: key,
    boundaryType: "TIME",
    lowerBound: "0",
    upperBound: "1000",
    runId: key,
    idempotencyKey: key,
    attempt: 1,
    scheduledTime: 1_000,
    kind: "SCHEDULED",
    mode: "incremental",
    job: {
      sql: {
        setup: SETUP,
        statement: "INSERT INTO rows_out SELECT n FROM rows_in",
        rerun: "replaces",
      },
    },
  };
}

/** When a job ended by Flink's own account, epoch ms. */
async function endOf({ url }: FlinkServer, jobId: string): Promise<number> {
  const job = (await (await fetch(`${url}/jobs/${jobId}`)).json()) as { "end-time": number };
  return job["end-time"];
}
