import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import type { Page, Run } from "@tidegate/core";
import { until } from "@tidegate/testkit";
import { groupSecret, signatureHeaders, webhookKeys } from "@tidegate/webhook";
import {
  AIRFLOW_SECRET,
  type Bed,
  DOLPHIN_TOKEN,
  MINUTE,
  minutes,
  OTHER_SECRET,
  useManagers,
} from "./bed/managers.js";

const aManager = useManagers();
const AIRFLOW = "/engines/airflow/callbacks";
const DOLPHIN = "/engines/dolphinscheduler/callbacks";
const PAYMENTS_SECRET = groupSecret(AIRFLOW_SECRET, "payments")!;
const SECRETS = [AIRFLOW_SECRET, OTHER_SECRET, PAYMENTS_SECRET, DOLPHIN_TOKEN];

/** What is sent to the callback route, byte by byte. */
interface Sent {
  readonly path?: string;
  readonly body: string | Uint8Array;
  readonly headers?: Record<string, string | string[]>;
}

function signedWith(secret: string, body: string | Uint8Array, at = Date.now()): Sent {
  return { body, headers: { ...signatureHeaders(webhookKeys(secret)!, { id: "msg_1", at, body }) } };
}

async function post(url: string, { path = AIRFLOW, body, headers = {} }: Sent, agent?: Agent) {
  const sending = request(`${url}${path}`, { method: "POST", headers, ...(agent && { agent }) });
  sending.end(body);
  const [answer] = (await once(sending, "response")) as [IncomingMessage];
  return { status: answer.statusCode, head: answer.rawHeaders.join("\n"), text: await text(answer) };
}

async function runsOf({ call }: Bed): Promise<readonly Run[]> {
  return (await call<Page<Run>>("GET", "/runs?order=ascending")).body.items;
}

const { startTime: START } = minutes(5);
const between = (lowerBoundary: number, upperBoundary: number) =>
  JSON.stringify({ groupId: "orders", lowerBoundary, upperBoundary });
const GOOD = between(START, START + MINUTE);
const NOT_UTF8 = Buffer.concat([
  Buffer.from('{"groupId":"orders","note":"'),
  Buffer.of(0xff),
  Buffer.from('"}'),
]);
const bearer = { authorization: `Bearer ${DOLPHIN_TOKEN}` };
const good = signedWith(AIRFLOW_SECRET, GOOD);

const FAULTS: Readonly<Record<string, readonly [sent: Sent, status: number, code: string]>> = {
  "no signature": [{ body: GOOD }, 401, "SIGNATURE_INVALID"],
  "another body's signature": [{ ...good, body: `${GOOD} ` }, 401, "SIGNATURE_INVALID"],
  "an unknown secret's signature": [signedWith(OTHER_SECRET, GOOD), 401, "SIGNATURE_INVALID"],
  "another group's secret": [signedWith(PAYMENTS_SECRET, GOOD), 401, "SIGNATURE_INVALID"],
  "the secret itself for a signature": [
    { body: GOOD, headers: { ...good.headers, "webhook-signature": `v1,${AIRFLOW_SECRET}` } },
    401,
    "SIGNATURE_INVALID",
  ],
  "two signature headers": [
    {
      body: GOOD,
      headers: {
        ...good.headers,
        "webhook-signature": ["v1,x", String(good.headers?.["webhook-signature"])],
      },
    },
    401,
    "SIGNATURE_INVALID",
  ],
  "an old timestamp": [signedWith(AIRFLOW_SECRET, GOOD, Date.now() - 6 * MINUTE), 401, "SIGNATURE_INVALID"],
  "a timestamp of the future": [
    signedWith(AIRFLOW_SECRET, GOOD, Date.now() + 7 * MINUTE),
    401,
    "SIGNATURE_INVALID",
  ],
  "a wrong token": [
    { path: DOLPHIN, body: GOOD, headers: { authorization: `Bearer ${AIRFLOW_SECRET}` } },
    401,
    "UNAUTHORIZED",
  ],
  "boundaries off the grid": [
    signedWith(AIRFLOW_SECRET, between(START + 1, START + MINUTE)),
    422,
    "INTERVAL_NOT_ALIGNED",
  ],
  "boundaries of two intervals": [
    signedWith(AIRFLOW_SECRET, between(START, START + 2 * MINUTE)),
    422,
    "INTERVAL_NOT_ALIGNED",
  ],
  "no width": [signedWith(AIRFLOW_SECRET, between(START, START)), 422, "INTERVAL_INVALID"],
  "lower after upper": [signedWith(AIRFLOW_SECRET, between(START + MINUTE, START)), 422, "INTERVAL_INVALID"],
  "half of JSON": [signedWith(AIRFLOW_SECRET, GOOD.slice(0, -1)), 400, "REQUEST_INVALID"],
  "no body at all": [signedWith(AIRFLOW_SECRET, ""), 400, "REQUEST_INVALID"],
  "half of JSON by token": [{ path: DOLPHIN, body: "{", headers: bearer }, 400, "REQUEST_INVALID"],
  "what is not UTF-8": [signedWith(AIRFLOW_SECRET, NOT_UTF8), 401, "SIGNATURE_INVALID"],
  "what is not UTF-8 by token": [{ path: DOLPHIN, body: NOT_UTF8, headers: bearer }, 400, "REQUEST_INVALID"],
  "a body that is too long": [signedWith(AIRFLOW_SECRET, " ".repeat(65_537)), 413, "REQUEST_INVALID"],
};

describe("the callback route refuses", () => {
  it.each(Object.entries(FAULTS))(
    "%s, stores nothing and tells no secret",
    async (_what, [sent, status, code]) => {
      const bed = await aManager();
      for (const groupId of ["orders", "payments"]) {
        await bed.call("PUT", `/schedules/${groupId}`, { ...minutes(5), startTime: START });
      }
      const answer = await post(bed.url, sent);
      expect({ status: answer.status, body: JSON.parse(answer.text) }).toMatchObject({
        status,
        body: { error: { code, message: expect.any(String) } },
      });
      expect(await runsOf(bed)).toEqual([]);
      const told = [answer.head, answer.text, ...bed.log].join("\n");
      for (const secret of SECRETS) expect(told).not.toContain(secret.replace("whsec_", ""));
      // The same with nothing wrong is taken, so that it is the fault that was refused.
      expect((await post(bed.url, good)).status).toBe(202);
    },
  );
});

describe("a body that is too long", () => {
  const head = `POST ${AIRFLOW} HTTP/1.1\r\nhost: tidegate\r\n`;

  it("is refused by its announced length, before a byte of it was sent", async () => {
    const bed = await aManager();
    const socket = connect(Number(new URL(bed.url).port), "127.0.0.1");
    socket.write(`${head}content-length: 1000000000\r\n\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 .*"REQUEST_INVALID"/s);
    socket.destroy();
  });

  it("is refused as soon as it is too long where no length was announced", async () => {
    const bed = await aManager();
    const socket = connect(Number(new URL(bed.url).port), "127.0.0.1");
    // What is under way may be cut off by the refusal.
    socket.on("error", () => {});
    let answer = "";
    socket.on("data", (chunk) => {
      answer += String(chunk);
    });
    const half = `8000\r\n${" ".repeat(0x8000)}\r\n`;
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n${half}`);
    socket.write(half);
    socket.write("1\r\n \r\n");
    await until(() => answer.includes("REQUEST_INVALID"), { what: "the refusal of a body without an end" });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

describe("one callback repeated 10,000 times at once", () => {
  it("is one run, which every answer names, and a duplicate for all but one", async () => {
    const bed = await aManager({ logger: false });
    const startTime = minutes(1).startTime;
    await bed.call("PUT", "/schedules/orders", { ...minutes(1), startTime });
    const sent = signedWith(AIRFLOW_SECRET, between(startTime, startTime + MINUTE));
    const agent = new Agent({ keepAlive: true, maxSockets: 256 });
    const answers = await Promise.all(Array.from({ length: 10_000 }, () => post(bed.url, sent, agent)));
    agent.destroy();
    const bodies = answers.map((answer) => JSON.parse(answer.text) as { runId: string; duplicate: boolean });
    expect(new Set(bodies.map(({ runId }) => runId)).size).toBe(1);
    expect(bodies.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(9_999);
    const runs = (await runsOf(bed)).filter(({ lower }) => lower === startTime);
    expect(runs.map(({ id }) => id)).toEqual([bodies[0]!.runId]);
  });
});
