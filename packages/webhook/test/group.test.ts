import { createHmac } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import {
  groupKeys,
  groupSecret,
  groupToken,
  signatureHeaders,
  webhookFault,
  webhookKeys,
} from "../src/index.js";

const SECRET = `whsec_${Buffer.alloc(32, "engine").toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, "other").toString("base64")}`;
const TOKEN = "token-of-the-engine";
const BODY = "{}";

function isSigned(bySecret: string, forKeys: NonNullable<ReturnType<typeof webhookKeys>>): boolean {
  const headers = signatureHeaders(webhookKeys(bySecret)!, { id: "m", at: 0, body: BODY });
  return webhookFault(forKeys, { headers, rawBody: BODY }, { now: 0, toleranceMs: 1_000 }) === undefined;
}

describe("a group's secret", () => {
  it("signs for its group and for nothing else", () => {
    const engine = webhookKeys(SECRET)!;
    const orders = groupSecret(SECRET, "orders")!;
    expect(isSigned(orders, groupKeys(engine, "orders"))).toBe(true);
    expect(isSigned(orders, groupKeys(engine, "Orders"))).toBe(false);
    expect(isSigned(orders, engine)).toBe(false);
    expect(isSigned(orders, groupKeys(webhookKeys(OTHER)!, "orders"))).toBe(false);
  });

  it("can be derived in any language", () => {
    const bytes = createHmac("sha256", Buffer.alloc(32, "engine")).update("tidegate group\norders").digest();
    expect(groupSecret(SECRET, "orders")).toBe(`whsec_${bytes.toString("base64")}`);
  });

  it("comes of the new one while the engine's is rotated, and the old one's still signs", () => {
    const rotated = `${OTHER} ${SECRET}`;
    const keys = groupKeys(webhookKeys(rotated)!, "orders");
    expect(groupSecret(rotated, "orders")).toBe(groupSecret(OTHER, "orders"));
    for (const secret of [SECRET, OTHER]) expect(isSigned(groupSecret(secret, "orders")!, keys)).toBe(true);
  });

  it("is none where the engine's is malformed", () => {
    expect(groupSecret("whsec_short", "orders")).toBeUndefined();
  });
});

describe("a group's token", () => {
  it("differs from group to group and from token to token, and is fit for a header", () => {
    const tokens = [
      groupToken(TOKEN, "orders"),
      groupToken(TOKEN, "orders2"),
      groupToken(`${TOKEN}2`, "orders"),
    ];
    expect(new Set(tokens).size).toBe(3);
    for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/);
    expect(groupToken(TOKEN, "orders")).toBe(tokens[0]);
  });
});
