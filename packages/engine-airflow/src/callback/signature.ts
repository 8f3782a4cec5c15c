import { timingSafeEqual } from "node:crypto";
import type { EpochMs } from "@tidegate/core";
import { Webhook } from "standardwebhooks";
import { type CallbackRequest, single } from "./callback-request.js";

/** How far a callback's timestamp may be from now, either way, ms: what Standard Webhooks recommends. */
const TOLERANCE_MS = 5 * 60_000;

/** Signatures of one message that are looked at; a rotation needs two. */
const MAX_SIGNATURES = 8;

const MAX_ID = 256;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The body of a callback that is signed with one of the keys, or why it is not. */
export function verified(
  { headers, rawBody }: CallbackRequest,
  keys: readonly string[],
  now: EpochMs,
): { readonly body: string } | { readonly reason: string } {
  const id = single(headers, "webhook-id");
  const timestamp = single(headers, "webhook-timestamp");
  const signature = single(headers, "webhook-signature");
  if (id === undefined || timestamp === undefined || signature === undefined) {
    return { reason: "webhook-id, webhook-timestamp and webhook-signature are needed, once each" };
  }
  if (id.length > MAX_ID) return { reason: `webhook-id must not be longer than ${MAX_ID} characters` };
  if (!/^\d{1,12}$/.test(timestamp)) return { reason: "webhook-timestamp must be seconds since 1970" };
  const at = Number(timestamp) * 1_000;
  if (Math.abs(now - at) > TOLERANCE_MS) return { reason: "webhook-timestamp is too far from now" };
  const body = decoded(rawBody);
  if (body === undefined) return { reason: "the body must be UTF-8" };
  // The library would judge the age by the machine's clock, so it only signs here.
  const expected = keys.map((key) => new Webhook(key).sign(id, new Date(at), body));
  const given = signature.split(" ", MAX_SIGNATURES);
  const isSigned = expected.some((wanted) => given.some((candidate) => isEqual(candidate, wanted)));
  return isSigned ? { body } : { reason: "no known secret signed this" };
}

/** In constant time. */
function isEqual(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Malformed UTF-8 is refused, since different bytes would become the same text and so have the same signature. */
function decoded(rawBody: Uint8Array | string): string | undefined {
  if (typeof rawBody === "string") return rawBody;
  try {
    return utf8.decode(rawBody);
  } catch {
    return undefined;
  }
}
