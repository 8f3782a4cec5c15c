import { isUtf8 } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import type { WebhookKey } from "./secret.js";
import { signatureOf, type WebhookMessage } from "./sign.js";

/** A request as received. The body must be the raw bytes, not JSON that was parsed and serialized again. */
export interface WebhookRequest {
  /** By name, in any case, as Node provides them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawBody: Uint8Array | string;
}

/** A message that claims to be signed. */
export interface SignedMessage extends WebhookMessage {
  /** `v1,<base64>`, one or several. */
  readonly signatures: readonly string[];
}

/** Limits on the age of a message. */
export interface Freshness {
  /** Epoch ms. */
  readonly now: number;
  /**
   * Maximum difference between the timestamp and now, either way, ms. Standard Webhooks recommends 300,000.
   */
  readonly toleranceMs: number;
}

/** Maximum number of signatures checked per message; a rotation needs two. */
const MAX_SIGNATURES = 8;

/** Maximum length of an id, characters. */
const MAX_ID = 256;

/**
 * Returns what is wrong with a request, as a sentence without its full stop, or `undefined` if it is fresh
 * and signed by one of the keys. A request that is replayed within the tolerance has a valid signature, so
 * what it asks for must be idempotent.
 */
export function webhookFault(
  keys: readonly WebhookKey[],
  request: WebhookRequest,
  freshness: Freshness,
): string | undefined {
  const message = signedMessage(request, freshness);
  if (typeof message === "string") return message;
  return isSignedBy(keys, message) ? undefined : UNSIGNED;
}

/** The fault of a message that no key has signed. */
export const UNSIGNED = "no known secret signed this";

/**
 * The first half of `webhookFault`, for callers that must read the message before they know its keys: returns
 * what the signature covers if everything but the signature itself is valid; otherwise what is wrong, as a
 * sentence without its full stop.
 */
export function signedMessage(
  { headers, rawBody }: WebhookRequest,
  { now, toleranceMs }: Freshness,
): SignedMessage | string {
  const id = single(headers, "webhook-id");
  const timestamp = single(headers, "webhook-timestamp");
  const signature = single(headers, "webhook-signature");
  if (id === undefined || timestamp === undefined || signature === undefined) {
    return "webhook-id, webhook-timestamp and webhook-signature are needed, once each";
  }
  if (id.length > MAX_ID) return `webhook-id must not be longer than ${MAX_ID} characters`;
  if (!/^\d{1,12}$/.test(timestamp)) return "webhook-timestamp must be seconds since 1970";
  if (Math.abs(now - Number(timestamp) * 1_000) > toleranceMs) return "webhook-timestamp is too far from now";
  // Parsers disagree about malformed UTF-8, so a signature over it proves nothing.
  if (typeof rawBody !== "string" && !isUtf8(rawBody)) return "the body must be UTF-8";
  return { id, timestamp, body: rawBody, signatures: signature.split(" ", MAX_SIGNATURES) };
}

/**
 * The second half of `webhookFault`: returns whether one of the keys has signed the message. Compares in
 * constant time.
 */
export function isSignedBy(keys: readonly WebhookKey[], message: SignedMessage): boolean {
  return keys.some((key) => {
    const expected = Buffer.from(signatureOf(key, message));
    return message.signatures.some((each) => {
      const given = Buffer.from(each);
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  });
}

/**
 * Returns a header that was given exactly once: with two, intermediaries disagree about which one counts.
 * Node joins duplicates with a comma and a space, which none of the three contains by itself.
 */
function single(headers: WebhookRequest["headers"], name: string): string | undefined {
  let found: string | undefined;
  for (const given in headers) {
    if (given.length !== name.length || given.toLowerCase() !== name) continue;
    for (const value of [headers[given] ?? []].flat()) {
      if (found !== undefined || value === "" || value.includes(", ")) return undefined;
      found = value;
    }
  }
  return found;
}
