import { beforeEach, describe, expect, it } from "@jest/globals";
import { createEmitter, type Fire, type FireResult, type TroubleEvent, VirtualClock } from "@tidegate/core";
import { Webhook } from "standardwebhooks";
import { AirflowEngine, type CallbackRequest } from "../src/index.js";

const key = (text: string) => `whsec_${Buffer.from(text.padEnd(32, ".")).toString("base64")}`;
const [NEW, OLD, STRANGE] = [key("new"), key("old"), key("strange")];
const NOW = Date.UTC(2026, 0, 1);
const FIRE = {
  groupId: "orders",
  scheduledTime: NOW - 60_000,
  lowerBoundary: NOW - 120_000,
  upperBoundary: NOW - 60_000,
};

interface Parts {
  readonly keys?: readonly string[];
  readonly body?: string;
  readonly at?: number;
  readonly headers?: CallbackRequest["headers"];
}

function signed({
  keys = [NEW],
  body = JSON.stringify(FIRE),
  at = NOW,
  headers = {},
}: Parts = {}): CallbackRequest {
  const signatures = keys.map((each) => new Webhook(each).sign("message", new Date(at), body));
  return {
    headers: {
      "webhook-id": "message",
      "webhook-timestamp": String(Math.floor(at / 1_000)),
      "webhook-signature": signatures.join(" "),
      ...headers,
    },
    rawBody: Buffer.from(body),
  };
}

describe("the callback door", () => {
  let engine: AirflowEngine;
  let fires: Fire[];
  let troubles: TroubleEvent[];
  let outcome: FireResult["outcome"] | Error;

  beforeEach(async () => {
    fires = [];
    troubles = [];
    outcome = "planned";
    const options = { url: "http://127.0.0.1:9", token: "none" };
    const callback = { url: "http://127.0.0.1:9/door", secret: `${NEW} ${OLD}` };
    engine = new AirflowEngine({ ...options, callback }, new VirtualClock({ start: NOW }));
    const events = createEmitter();
    events.on("trouble", (trouble) => troubles.push(trouble));
    const fire = async (given: readonly Fire[]): Promise<FireResult[]> => {
      fires.push(...given);
      if (outcome instanceof Error) throw outcome;
      const answer = outcome;
      return given.map(({ groupId }) => ({ groupId, outcome: answer, planned: 1, nextFireAt: null }));
    };
    await engine.start({ sink: { fire }, events });
  });

  it("fires what is signed", async () => {
    const answer = await engine.handleCallback(signed());
    expect(answer).toEqual({ status: 202, body: { runId: null, statusUrl: null, duplicate: false } });
    expect(fires).toEqual([{ groupId: FIRE.groupId, scheduledTime: FIRE.scheduledTime }]);
  });

  it("takes either key of a secret that is rotated, alone or together", async () => {
    for (const keys of [[NEW], [OLD], [STRANGE, OLD]]) {
      expect((await engine.handleCallback(signed({ keys }))).status).toBeLessThan(300);
    }
  });

  const far = 5 * 60_000 + 1_000;
  it.each<[string, CallbackRequest]>([
    ["another key", signed({ keys: [STRANGE] })],
    ["no signature", signed({ headers: { "webhook-signature": undefined } })],
    ["no id", signed({ headers: { "webhook-id": undefined } })],
    ["an id twice", signed({ headers: { "webhook-id": ["message", "message"] } })],
    ["a timestamp that is none", signed({ headers: { "webhook-timestamp": "soon" } })],
    ["a timestamp of long ago", signed({ at: NOW - far })],
    ["a timestamp of the future", signed({ at: NOW + far })],
    [
      "another timestamp than was signed",
      signed({ headers: { "webhook-timestamp": String(NOW / 1_000 - 1) } }),
    ],
    ["another body than was signed", { ...signed(), rawBody: JSON.stringify({ ...FIRE, groupId: "other" }) }],
    ["a body that is not UTF-8", { ...signed(), rawBody: Uint8Array.of(0xff, 0xfe) }],
  ])("refuses %s", async (_name, request) => {
    const answer = await engine.handleCallback(request);
    expect(answer).toMatchObject({ status: 401, body: { error: { code: "SIGNATURE_INVALID" } } });
    expect(JSON.stringify(answer)).not.toContain("whsec_");
    expect(fires).toEqual([]);
  });

  it.each([
    "",
    "[]",
    "{}",
    "null",
    '{"groupId":"","scheduledTime":1}',
    '{"groupId":"a","scheduledTime":"1"}',
  ])("refuses %j, which is signed but no fire", async (body) => {
    expect(await engine.handleCallback(signed({ body }))).toMatchObject({ status: 400 });
    expect(fires).toEqual([]);
  });

  it("refuses what is too long before it looks at it", async () => {
    expect(await engine.handleCallback(signed({ body: " ".repeat(20_000) }))).toMatchObject({ status: 413 });
  });

  it("says that nothing was owed, and does not ask the ledger again for the same time", async () => {
    outcome = "duplicate";
    for (let round = 0; round < 3; round += 1) {
      expect(await engine.handleCallback(signed())).toMatchObject({ status: 200, body: { duplicate: true } });
    }
    expect(fires).toHaveLength(1);
  });

  it("asks again for what the ledger put off", async () => {
    outcome = "deferred";
    await engine.handleCallback(signed());
    outcome = "inactive";
    expect(await engine.handleCallback(signed())).toMatchObject({ status: 202, body: { duplicate: false } });
    expect(fires).toHaveLength(2);
  });

  it("says 425 to a fire that is too early, and takes it later", async () => {
    outcome = "held";
    expect(await engine.handleCallback(signed())).toMatchObject({ status: 425 });
    outcome = "planned";
    expect(await engine.handleCallback(signed())).toMatchObject({ status: 202 });
  });

  it("says 503 when the ledger rejects, and tells of it", async () => {
    outcome = new Error("the disk is full");
    expect(await engine.handleCallback(signed())).toMatchObject({ status: 503 });
    expect(troubles).toMatchObject([
      { where: "engine", groupId: "orders", error: { message: "the disk is full" } },
    ]);
    outcome = "planned";
    expect(await engine.handleCallback(signed())).toMatchObject({ status: 202 });
  });

  it("says 503 while the engine is stopped", async () => {
    await engine.stop();
    expect(await engine.handleCallback(signed())).toMatchObject({
      status: 503,
      body: { error: { code: "NOT_RUNNING" } },
    });
    expect(fires).toEqual([]);
  });
});
