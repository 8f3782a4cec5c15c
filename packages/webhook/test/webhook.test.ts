import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import {
  isSignedBy,
  signatureHeaders,
  signatureOf,
  signedMessage,
  type WebhookKey,
  type WebhookRequest,
  webhookFault,
  webhookKeys,
} from "../src/index.js";

/** The example that implementations of Standard Webhooks test themselves with. */
const VECTOR = {
  secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
  id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
  timestamp: "1649367553",
  body: '{"email":"test@example.com","username":"test_user"}',
  signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
};
const AT = Number(VECTOR.timestamp) * 1_000;
const TOLERANCE = 300_000;

const secretOf = (fill: string, bytes = 32) => `whsec_${Buffer.alloc(bytes, fill).toString("base64")}`;
const [ONE, OTHER] = [secretOf("one"), secretOf("other")];

function keysOf(secret: string): readonly WebhookKey[] {
  const keys = webhookKeys(secret);
  if (keys === undefined) throw new Error("malformed");
  return keys;
}

function headersOf(secret: string, overrides: Record<string, string | string[] | undefined> = {}) {
  return {
    ...signatureHeaders(keysOf(secret), { id: VECTOR.id, at: AT, body: VECTOR.body }),
    ...overrides,
  };
}

function faultOf(headers: WebhookRequest["headers"], rawBody: Uint8Array | string = VECTOR.body, now = AT) {
  return webhookFault(keysOf(VECTOR.secret), { headers, rawBody }, { now, toleranceMs: TOLERANCE });
}

describe("a signature", () => {
  it("is the one of Standard Webhooks", () => {
    expect(signatureOf(keysOf(VECTOR.secret)[0]!, VECTOR)).toBe(VECTOR.signature);
    expect(headersOf(VECTOR.secret)).toEqual({
      "webhook-id": VECTOR.id,
      "webhook-timestamp": VECTOR.timestamp,
      "webhook-signature": VECTOR.signature,
    });
    expect(faultOf(headersOf(VECTOR.secret))).toBeUndefined();
  });

  it("is the same over bytes as over the text that they are", () => {
    const body = '{"name":"Zoë \u{1f30a}"}';
    const expected = new Webhook(VECTOR.secret).sign("m", new Date(AT), body);
    const [key] = keysOf(VECTOR.secret);
    for (const each of [body, Buffer.from(body), new TextEncoder().encode(body)]) {
      expect(signatureOf(key!, { id: "m", timestamp: VECTOR.timestamp, body: each })).toBe(expected);
    }
  });

  it("is verified by the reference implementation", () => {
    const at = Date.now();
    const headers = signatureHeaders(keysOf(`${ONE} ${OTHER}`), { id: "m", at, body: VECTOR.body });
    for (const secret of [ONE, OTHER]) {
      const verified = new Webhook(secret).verify(VECTOR.body, { ...headers });
      expect(verified).toEqual(JSON.parse(VECTOR.body));
    }
  });

  it("covers id, time and body", () => {
    const headers = headersOf(VECTOR.secret);
    const unsigned = "no known secret signed this";
    expect(faultOf({ ...headers, "webhook-id": "msg_else" })).toBe(unsigned);
    expect(faultOf({ ...headers, "webhook-timestamp": String(AT / 1_000 + 1) })).toBe(unsigned);
    expect(faultOf(headers, `${VECTOR.body} `)).toBe(unsigned);
    expect(faultOf(headersOf(ONE))).toBe(unsigned);
  });
});

describe("while a secret is rotated", () => {
  it("messages are signed with both keys, the new one first", () => {
    const both = headersOf(`${ONE} ${OTHER}`)["webhook-signature"];
    expect(both).toBe(`${headersOf(ONE)["webhook-signature"]} ${headersOf(OTHER)["webhook-signature"]}`);
  });

  it("either key's signature is enough", () => {
    const rotated = keysOf(`${VECTOR.secret} ${ONE}`);
    for (const secret of [VECTOR.secret, ONE, `${OTHER} ${ONE}`]) {
      const request = { headers: headersOf(secret), rawBody: VECTOR.body };
      expect(webhookFault(rotated, request, { now: AT, toleranceMs: TOLERANCE })).toBeUndefined();
    }
    expect(faultOf(headersOf(`${OTHER} ${VECTOR.secret}`))).toBeUndefined();
  });
});

describe("a secret", () => {
  it("has one key or two of 24 to 64 bytes", () => {
    for (const bytes of [24, 25, 26, 64]) expect(webhookKeys(secretOf("k", bytes))).toHaveLength(1);
    expect(webhookKeys(`${ONE} ${OTHER}`)).toHaveLength(2);
  });

  it.each([
    ["nothing", ""],
    ["only a space", " "],
    ["too short", secretOf("k", 23)],
    ["too long", secretOf("k", 65)],
    ["without its prefix", ONE.slice("whsec_".length)],
    ["with another prefix", ONE.replace("whsec_", "whpk_")],
    ["not base64", `${ONE.slice(0, -2)}!=`],
    ["base64 of the other alphabet", `whsec_${"_-".repeat(20)}`],
    ["without its padding", secretOf("k", 25).replace(/=+$/, "")],
    ["with a line's end", `${ONE}\n`],
    ["with one malformed key", `${ONE} whsec_x`],
    ["of three keys", `${ONE} ${OTHER} ${ONE}`],
  ])("is malformed: %s", (_what, secret) => {
    expect(webhookKeys(secret)).toBeUndefined();
  });

  it("is not shown by its keys", () => {
    const shown = `${inspect(webhookKeys(ONE), { depth: 9, showHidden: true })}${JSON.stringify(webhookKeys(ONE))}`;
    expect(shown).not.toContain(ONE.slice("whsec_".length));
    expect(shown).not.toContain(Buffer.alloc(32, "one").toString("hex").slice(0, 20));
  });
});

describe("a request is refused", () => {
  const good = headersOf(VECTOR.secret);
  const names = Object.keys(good) as (keyof typeof good)[];

  it.each(names)("without %s, with an empty one, and with two", (name) => {
    const needed = "webhook-id, webhook-timestamp and webhook-signature are needed, once each";
    const value = good[name]!;
    const others = Object.fromEntries(Object.entries(good).filter(([each]) => each !== name));
    expect(faultOf(others)).toBe(needed);
    expect(faultOf({ ...good, [name]: "" })).toBe(needed);
    expect(faultOf({ ...good, [name]: [] })).toBe(needed);
    expect(faultOf({ ...good, [name]: [value, value] })).toBe(needed);
    expect(faultOf({ ...good, [name]: `${value}, ${value}` })).toBe(needed);
    expect(faultOf({ ...good, [name.toUpperCase()]: value })).toBe(needed);
    expect(faultOf({ ...others, [name.toUpperCase()]: [value] })).toBeUndefined();
  });

  it("with a timestamp that is none, or is not of now", () => {
    for (const timestamp of ["now", "-1", "1.5", "1e9", "9".repeat(13), `${VECTOR.timestamp} `]) {
      expect(faultOf({ ...good, "webhook-timestamp": timestamp })).toBe(
        "webhook-timestamp must be seconds since 1970",
      );
    }
    for (const late of [TOLERANCE + 1, -TOLERANCE - 1]) {
      expect(faultOf(good, VECTOR.body, AT + late)).toBe("webhook-timestamp is too far from now");
    }
    for (const late of [TOLERANCE, -TOLERANCE]) {
      expect(faultOf(good, VECTOR.body, AT + late)).toBeUndefined();
    }
  });

  it("with a longer id than anybody needs", () => {
    expect(faultOf({ ...good, "webhook-id": "m".repeat(257) })).toBe(
      "webhook-id must not be longer than 256 characters",
    );
  });

  it.each([
    ["a byte that nothing begins with", [0xff]],
    ["a character that is cut off", [0xe2, 0x82]],
    ["a longer form than needed", [0xc0, 0xaf]],
    ["half of a surrogate pair", [0xed, 0xa0, 0x80]],
  ])("with a body that is not UTF-8: %s", (_what, bytes) => {
    const body = Uint8Array.from(bytes);
    const headers = signatureHeaders(keysOf(VECTOR.secret), { id: "m", at: AT, body });
    expect(faultOf(headers, body)).toBe("the body must be UTF-8");
  });

  it("with signatures of another version, length or key", () => {
    const { signature } = VECTOR;
    for (const given of [
      "v1,",
      "v1",
      ",",
      signature.slice(3),
      signature.slice(0, -1),
      `${signature}=`,
      signature.replace("v1,", "v2,"),
      signature.replace("v1,", "v1a,"),
      `v1,${"ü".repeat(44)}`,
    ]) {
      expect(faultOf({ ...good, "webhook-signature": given })).toBe("no known secret signed this");
    }
  });

  it("with its signature behind more than seven others", () => {
    const behind = (count: number) => `${"v1,x ".repeat(count)}${VECTOR.signature}`;
    expect(faultOf({ ...good, "webhook-signature": behind(7) })).toBeUndefined();
    expect(faultOf({ ...good, "webhook-signature": behind(8) })).toBe("no known secret signed this");
  });
});

describe("a message whose keys are not known yet", () => {
  it("is read first and verified afterwards", () => {
    const request = { headers: headersOf(ONE), rawBody: Buffer.from(VECTOR.body) };
    const message = signedMessage(request, { now: AT, toleranceMs: TOLERANCE });
    if (typeof message === "string") throw new Error(message);
    expect(isSignedBy(keysOf(ONE), message)).toBe(true);
    expect(isSignedBy(keysOf(OTHER), message)).toBe(false);
    expect(isSignedBy([], message)).toBe(false);
  });
});
