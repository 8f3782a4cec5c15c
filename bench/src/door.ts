import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTidegate } from "@tidegate/core";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { createManager, outsideEngine } from "@tidegate/manager";
import { SqliteStore } from "@tidegate/store-sqlite";
import Fastify from "fastify";
import type { DoorAnswers, DoorLoad } from "./door-client.js";
import { atLeast, atMost, type Figure, rounded } from "./figure.js";
import { noopOperator, registerAll, temporaryDirectory } from "./setup.js";

const CLIENT = fileURLToPath(new URL("./door-client.js", import.meta.url));
const KEY = Buffer.alloc(32, "tidegate").toString("base64");
const MINUTE = 60_000;
const WARM_UP = 5_000;
const SATURATING = 25_000;
const SATURATING_CONNECTIONS = 128;
const STEADY = 14_000;
const STEADY_RATE = 2_000;
const STEADY_CONNECTIONS = 128;

/**
 * The door for other schedulers: signed callbacks, each for another group, of which each plans an interval durably.
 * Requests are logged as they are by default, but to a file in the place of the standard output.
 */
export async function door(): Promise<Figure[]> {
  const echo = await onEcho();
  const manager = await onManager();
  return [
    atLeast(5_000, {
      id: "door-throughput",
      what: `signed callbacks taken by one process, each planned durably in SQLite (p50 ${rounded(manager.most.p50)} ms at ${SATURATING_CONNECTIONS} connections)`,
      value: rounded(manager.most.requestsPerSecond),
      unit: "requests/s",
      reference: {
        what: "Fastify that parses the same requests and echoes them, no log (requests/s)",
        value: rounded(echo.most.requestsPerSecond),
      },
    }),
    atMost(20, {
      id: "door-latency",
      what: `the same at ${STEADY_RATE} callbacks/s: time to the answer, p99 (p50 ${rounded(manager.steady.p50)} ms)`,
      value: rounded(manager.steady.p99),
      unit: "ms",
      reference: { what: "the echo at the same rate, p99 (ms)", value: rounded(echo.steady.p99) },
    }),
  ];
}

interface Measured {
  readonly most: DoorAnswers;
  readonly steady: DoorAnswers;
}

async function onEcho(): Promise<Measured> {
  const server = Fastify();
  server.post("/engines/outside/callbacks", async (request, reply) => reply.code(202).send(request.body));
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const measured = await measure(url, 0, MINUTE);
  await server.close();
  return measured;
}

async function onManager(): Promise<Measured> {
  const directory = temporaryDirectory();
  const tidegate = createTidegate({
    store: new SqliteStore({ path: join(directory.path, "tidegate.db") }),
    engines: [outsideEngine("outside")],
    operators: [endlessOperator()],
    // What becomes of runs is measured by itself; here all but one wait.
    dispatcher: { maxConcurrentRuns: 1, drainMs: 0 },
    // All groups are overdue from the first moment on, which is no work that callbacks make.
    watchdogEveryMs: 3_600_000,
  });
  tidegate.events.on("trouble", (trouble) => console.error(trouble));
  const manager = createManager({
    tidegate,
    callbacks: { outside: { secret: `whsec_${KEY}` } },
    logger: { level: "info", file: join(directory.path, "manager.log") },
  });
  const url = await manager.listen();
  const upper = Math.floor(Date.now() / MINUTE) * MINUTE;
  const lower = upper - MINUTE;
  await registerAll(
    tidegate,
    Array.from({ length: WARM_UP + SATURATING + STEADY }, (_, index) => ({
      groupId: `group-${index}`,
      // One interval each, so that every callback has something to plan and nothing more.
      trigger: { type: "once", at: upper },
      startTime: lower,
      endTime: upper,
    })),
  );
  const measured = await measure(url, lower, upper);
  await manager.close();
  directory.remove();
  return measured;
}

async function measure(url: string, lower: number, upper: number): Promise<Measured> {
  const common = { url: `${url}/engines/outside/callbacks`, key: KEY, lower, upper };
  const connections = SATURATING_CONNECTIONS;
  await send({ ...common, first: 0, count: WARM_UP, connections });
  const most = await send({ ...common, first: WARM_UP, count: SATURATING, connections });
  const steady = await send({
    ...common,
    first: WARM_UP + SATURATING,
    count: STEADY,
    connections: STEADY_CONNECTIONS,
    rate: STEADY_RATE,
  });
  return { most, steady };
}

/** Every answer has to be a 202: a figure of refusals is none. */
async function send(load: DoorLoad): Promise<DoorAnswers> {
  const client = fork(CLIENT, [JSON.stringify(load)]);
  const [answers] = (await once(client, "message")) as [DoorAnswers];
  if (answers.statuses["202"] !== load.count) {
    throw new Error(`${load.count} callbacks were answered with ${JSON.stringify(answers.statuses)}`);
  }
  return answers;
}

/** Jobs that run until they are told to stop. */
function endlessOperator(): ScheduleOperator {
  return {
    ...noopOperator(),
    submit: async ({ runId }) => ({ jobId: runId }),
    wait: (_jobId, _request, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
}
