import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Webhook } from "standardwebhooks";

/** The size that Standard Webhooks 1.0.0 asks of a key, bytes. */
const KEY_BYTES = { min: 24, max: 64 };

/** Signatures of one message that are looked at; a rotation needs two. */
const MAX_SIGNATURES = 8;
const MAX_ID = 256;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The keys of a secret: `whsec_` and base64 each, two with a space between them while it is rotated; `undefined` when malformed. */
export function webhookKeys(secret: string): readonly Webhook[] | undefined {
  const keys = secret.split(" ").filter((key) => key !== "");
  return keys.length > 0 && keys.every(isKey) ? keys.map((key) => new Webhook(key)) : undefined;
}

/**
 * What is wrong with a message's signature, or `undefined` when one of the keys made it. Compared in constant time. A
 * message that is replayed within the tolerance has the right signature: what it asks for has to bear repetition.
 *
 * @param now - epoch ms
 * @param toleranceMs - how far the timestamp may be from now, either way
 */
export function signatureFault(
  keys: readonly Webhook[],
  headers: IncomingHttpHeaders,
  body: Uint8Array,
  now: number,
  toleranceMs: number,
): string | undefined {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = headers;
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signature !== "string") {
    return "webhook-id, webhook-timestamp and webhook-signature are needed";
  }
  if (id === "" || id.length > MAX_ID) return `webhook-id must have 1 to ${MAX_ID} characters`;
  if (!/^\d{1,12}$/.test(timestamp)) return "webhook-timestamp must be seconds since 1970";
  const at = Number(timestamp) * 1_000;
  if (Math.abs(now - at) > toleranceMs) return "webhook-timestamp is too far from now";
  const text = decoded(body);
  if (text === undefined) return "the body must be UTF-8";
  const candidates = signature.split(" ", MAX_SIGNATURES).map((each) => Buffer.from(each));
  const isGenuine = keys.some((key) => {
    const expected = Buffer.from(key.sign(id, new Date(at), text));
    return candidates.some((each) => each.length === expected.length && timingSafeEqual(each, expected));
  });
  return isGenuine ? undefined : "no known secret signed this";
}

/** Malformed UTF-8 is refused: different bytes would become the same text and so have the same signature. */
function decoded(body: Uint8Array): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

function isKey(key: string): boolean {
  const [, base64 = ""] =
    /^whsec_((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(key) ?? [];
  const bytes = Buffer.from(base64, "base64").length;
  return bytes >= KEY_BYTES.min && bytes <= KEY_BYTES.max;
}
