import type { JsonObject } from "@tidegate/core";
import { aRequest, type OperatorFixture, operatorSuite } from "@tidegate/testkit";
import { Webhook } from "standardwebhooks";
import {
  createHttpOperator,
  type HttpOperator,
  type HttpOperatorOptions,
  startCallbackServer,
} from "../src/index.js";
import { type Course, JobBoard } from "./bed/job-board.js";
import { LOOPBACK, ORDERS_KEY } from "./bed/operators.js";
import { startService } from "./bed/service.js";

/** What differs from one way of completion to the next. */
interface Mode {
  readonly options?: Partial<HttpOperatorOptions>;
  readonly job: (url: string) => JsonObject;
  /** Has a server of its own to be called back at. */
  readonly isCalledBack?: boolean;
}

const POLL: Mode = {
  job: (url) => ({
    completion: "poll",
    statusUrl: `${url}/jobs/{{jobId}}`,
    findUrl: `${url}/jobs?key={{idempotencyKey}}`,
    cancelUrl: `${url}/jobs/{{jobId}}/cancel`,
    pollIntervalMs: 100,
  }),
};

const CALLBACK: Mode = {
  options: { secrets: { orders: ORDERS_KEY }, callbacks: { secrets: ["orders"] } },
  job: (url) => ({
    completion: "callback",
    secretRef: "orders",
    findUrl: `${url}/jobs?key={{idempotencyKey}}`,
    cancelUrl: `${url}/jobs/{{jobId}}/cancel`,
  }),
  isCalledBack: true,
};

async function create(mode: Mode): Promise<OperatorFixture> {
  const board = new JobBoard();
  const service = await startService((received, reply) => {
    if (received.path === "/busy") return reply.code(429).header("retry-after", "60").send();
    return board.answer(received) ?? reply.code(404).send();
  });
  const operators: HttpOperator[] = [];
  const start = async () => {
    const operator = createHttpOperator({ ...LOOPBACK, ...mode.options });
    operators.push(operator);
    return operator;
  };
  const operator = await start();
  const server = mode.isCalledBack ? await startCallbackServer(operator, { port: 0 }) : undefined;
  if (server !== undefined) callBackFrom(board, server.url);
  const factory =
    (course: Course): OperatorFixture["request"] =>
    (overrides) =>
      aRequest({ url: `${service.url}/jobs`, payload: { course }, ...mode.job(service.url) }, overrides);
  return {
    operator,
    request: factory("quick"),
    slowRequest: factory("slow"),
    failingRequest: factory("failing"),
    loggedRequest: factory("logging"),
    busyRequest: (overrides) => aRequest({ ...mode.job(service.url), url: `${service.url}/busy` }, overrides),
    malformedJob: { url: `${service.url}/jobs` },
    misshapenJobs: [
      { url: `${service.url}/jobs` },
      { url: `${service.url}/jobs`, completion: "guess" },
      { url: `${service.url}/jobs`, completion: "response", timeout: 1 },
    ],
    effects: async (request) => board.rowsOf(request),
    restart: start,
    dispose: async () => {
      await Promise.all(operators.map((each) => each.stop()));
      await server?.close();
      await service.close();
    },
  };
}

/** The board calls back as each job ends, signed as the README says. */
function callBackFrom(board: JobBoard, url: string): void {
  board.onEnd = (idempotencyKey, report) => {
    const body = JSON.stringify({ idempotencyKey, ...report });
    const id = `${idempotencyKey}-${String(report.jobId)}`;
    const at = new Date();
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": new Webhook(ORDERS_KEY).sign(id, at, body),
    };
    // The manager may be gone by then, as a real one may; the job can be looked up all the same.
    void fetch(url, { method: "POST", headers, body }).catch(() => undefined);
  };
}

operatorSuite({ name: "http, polling", create: () => create(POLL), supports: { busy: true, logs: true } });
operatorSuite({
  name: "http, called back",
  create: () => create(CALLBACK),
  supports: { busy: true, logs: true },
});
