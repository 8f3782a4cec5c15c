// Posts signed callbacks, each for another group; started by the benchmark of the door, in a process of its own.
import { createHmac } from "node:crypto";
import { Pool } from "undici";
import { percentile } from "./figure.js";
import { sleep } from "./setup.js";

/** What is sent, and how fast. */
export interface DoorLoad {
  readonly url: string;
  /** base64, without its prefix. */
  readonly key: string;
  /** Groups `group-<first>` to `group-<first + count - 1>`, one callback each. */
  readonly first: number;
  readonly count: number;
  /** Inclusive and exclusive, epoch ms: the interval of every group. */
  readonly lower: number;
  readonly upper: number;
  readonly connections: number;
  /** Requests/s. @default as many as are answered */
  readonly rate?: number;
}

/** What came of it. */
export interface DoorAnswers {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers by their status. */
  readonly statuses: Readonly<Record<string, number>>;
}

interface Message {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const load = JSON.parse(process.argv[2] ?? "") as DoorLoad;
const { origin, pathname: path } = new URL(load.url);
const pool = new Pool(origin, { connections: load.connections, pipelining: 1 });
const key = Buffer.from(load.key, "base64");
// Made before the measurement: a scheduler has a processor of its own to sign with.
const messages = Array.from({ length: load.count }, (_, index) => messageOf(load.first + index));
const latencies: number[] = [];
const statuses: Record<string, number> = {};

const began = performance.now();
await (load.rate === undefined ? asFastAsAnswered() : atRate(load.rate));
const seconds = (performance.now() - began) / 1_000;
await pool.close();
const answers: DoorAnswers = {
  requestsPerSecond: load.count / seconds,
  p50: percentile(latencies, 0.5),
  p99: percentile(latencies, 0.99),
  statuses,
};
process.send?.(answers);
process.disconnect?.();

/** Each connection posts again when it is answered. */
async function asFastAsAnswered(): Promise<void> {
  let next = 0;
  const connection = async (): Promise<void> => {
    while (next < messages.length) {
      const index = next;
      next += 1;
      await post(messages[index]!, performance.now());
    }
  };
  await Promise.all(Array.from({ length: load.connections }, connection));
}

/**
 * Posts by the clock, whether or not answers come; a late one counts from when it should have been posted. The first second,
 * in which connections are opened, does not count.
 */
async function atRate(rate: number): Promise<void> {
  const posts: Promise<void>[] = [];
  while (posts.length < messages.length) {
    const due = Math.min(messages.length, Math.floor(((performance.now() - began) * rate) / 1_000));
    while (posts.length < due)
      posts.push(post(messages[posts.length]!, began + (posts.length * 1_000) / rate));
    await sleep(1);
  }
  await Promise.all(posts);
}

async function post({ body, headers }: Message, since: number): Promise<void> {
  const response = await pool.request({ method: "POST", path, body, headers });
  await response.body.dump();
  const now = performance.now();
  if (load.rate === undefined || since - began >= 1_000) latencies.push(now - since);
  statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
}

function messageOf(index: number): Message {
  const body = JSON.stringify({
    groupId: `group-${index}`,
    boundaryType: "time",
    lowerBoundary: String(load.lower),
    upperBoundary: String(load.upper),
  });
  const id = `msg_${index}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
  return { body, headers };
}
