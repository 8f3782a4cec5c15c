import type { EpochMs } from "@tidegate/core";
import type { SignedMessage } from "../secrets/signing.js";

/** A callback as it was received. The body must be the bytes that came, not JSON that was parsed and written again. */
export interface CallbackRequest {
  /** By name, in any case; as Node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawBody: Uint8Array | string;
}

const MAX_ID = 256;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The parts of a callback that its signature covers; a string says what is wrong.
 *
 * @param toleranceMs - how far the timestamp may be from `now`, either way
 */
export function signedMessage(
  { headers, rawBody }: CallbackRequest,
  now: EpochMs,
  toleranceMs: number,
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
  const body = decoded(rawBody);
  if (body === undefined) return "the body must be UTF-8";
  return { id, timestamp: Number(timestamp), signature, body };
}

export function byteLength({ rawBody }: CallbackRequest): number {
  return typeof rawBody === "string" ? Buffer.byteLength(rawBody) : rawBody.byteLength;
}

/** A header that was given exactly once: with two, intermediaries disagree about which one counts. */
function single(headers: CallbackRequest["headers"], name: string): string | undefined {
  const values = Object.entries(headers)
    .filter(([given]) => given.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
  return values.length === 1 && values[0] !== "" ? values[0] : undefined;
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
