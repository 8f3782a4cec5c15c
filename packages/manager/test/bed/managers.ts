import { Writable } from "node:stream";
import { afterEach, beforeEach } from "@jest/globals";
import { createTidegate, type Tidegate, type TidegateOptions } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore } from "@tidegate/core/testing";
import { Webhook } from "standardwebhooks";
import { createManager, type Manager, type ManagerOptions, outsideEngine } from "../../src/index.js";
import { gatedOperator } from "./gated-operator.js";

export const AIRFLOW_SECRET = `whsec_${Buffer.from("a secret of thirty-two bytes ...").toString("base64")}`;
export const OTHER_SECRET = `whsec_${Buffer.from("another one of thirty-two bytes.").toString("base64")}`;
export const DOLPHIN_TOKEN = "dolphin-token-of-the-tests";
export const INLONG_TOKEN = "inlong-token-of-the-tests";

export const MINUTE = 60_000;

/** What a request was answered with. */
export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: T;
}

/** A manager that listens, and what a test does with it. */
export interface Bed {
  readonly manager: Manager;
  readonly tidegate: Tidegate;
  readonly url: string;
  /** Every line that was logged. */
  readonly log: readonly string[];
  call<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>;
  /** Posts a callback as Airflow does: signed. */
  callback<T = Receipt>(body: unknown, signing?: Signing): Promise<Answer<T>>;
}

/** What a callback is answered with. */
export interface Receipt {
  readonly runId: string;
  readonly statusUrl: string;
  readonly duplicate: boolean;
}

/** What may be unusual about a signature. */
export interface Signing {
  readonly secret?: string;
  readonly id?: string;
  /** Epoch ms. */
  readonly at?: number;
  readonly engine?: string;
}

/** Starts managers that are closed after each test. */
export function useManagers(): (
  options?: Partial<ManagerOptions>,
  operator?: ScheduleOperator,
  clock?: Clock,
  store?: TidegateOptions["store"],
  offsetProviders?: TidegateOptions["offsetProviders"],
) => Promise<Bed> {
  const open: Manager[] = [];
  beforeEach(() => {
    currentStart = halfAMinuteAgo();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((manager) => manager.close()));
  });
  return async (
    options = {},
    operator = gatedOperator(),
    clock,
    store = new MemoryStore(),
    offsetProviders = [],
  ) => {
    const tidegate = createTidegate({
      store,
      engines: [outsideEngine("airflow"), outsideEngine("dolphinscheduler")],
      operators: [operator],
      offsetProviders,
      watchdogEveryMs: 3_600_000,
      dispatcher: { drainMs: 100 },
      ...(clock && { clock }),
    });
    const log: string[] = [];
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        log.push(String(chunk));
        done();
      },
    });
    const manager = createManager({
      tidegate,
      callbacks: {
        airflow: { secret: AIRFLOW_SECRET },
        dolphinscheduler: { token: DOLPHIN_TOKEN },
        inlong: { token: INLONG_TOKEN },
      },
      logger: { level: "trace", stream },
      ...options,
    });
    open.push(manager);
    const url = await manager.listen();
    return { manager, tidegate, url, log, ...caller(url) };
  };
}

/** Calls a server by HTTP. */
export function caller(url: string): Pick<Bed, "call" | "callback"> {
  const send = async <T>(path: string, init: RequestInit): Promise<Answer<T>> => {
    const response = await fetch(new URL(path, `${url}/`), init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const body = (isJson && text !== "" ? JSON.parse(text) : undefined) as T;
    return { status: response.status, headers: response.headers, text, body };
  };
  return {
    call: (method, path, body, headers = {}) =>
      send(`${url}${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    callback: (body, { engine = "airflow", ...signing } = {}) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return send(`${url}/engines/${engine}/callbacks`, {
        method: "POST",
        headers: { "content-type": "application/json", ...signed(text, signing) },
        body: text,
      });
    },
  };
}

let count = 0;

/** The headers of Standard Webhooks. */
export function signed(
  body: string,
  { secret = AIRFLOW_SECRET, id = `msg_${++count}`, at = Date.now() }: Signing = {},
): Record<string, string> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at / 1_000)),
    "webhook-signature": new Webhook(secret).sign(id, new Date(at), body),
  };
}

/** When the interval of now began, in whole seconds, epoch ms: the same for a whole test, into which no end falls. */
let currentStart = halfAMinuteAgo();

function halfAMinuteAgo(): number {
  return Math.floor(Date.now() / 1_000) * 1_000 - MINUTE / 2;
}

/** A definition of minutes whose first interval began some minutes before that of now; nothing of it is planned by itself. */
export function minutes(ago: number, overrides: object = {}) {
  return {
    trigger: { type: "period", every: 1, unit: "minute" },
    startTime: currentStart - ago * MINUTE,
    ...overrides,
  };
}
