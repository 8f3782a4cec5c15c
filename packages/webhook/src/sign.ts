import { createHmac } from "node:crypto";
import type { WebhookKey } from "./secret.js";

/** What a signature covers. */
export interface WebhookMessage {
  readonly id: string;
  /** Seconds since 1970, as digits. */
  readonly timestamp: string;
  /** The bytes, or the text whose UTF-8 they are. */
  readonly body: Uint8Array | string;
}

/** The headers of a message that is sent. */
export type WebhookHeaders = {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
};

/** One key's signature, `v1,<base64>`: HMAC-SHA-256 over `id.timestamp.body` (Standard Webhooks 1.0.0). */
export function signatureOf(key: WebhookKey, { id, timestamp, body }: WebhookMessage): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
}

/**
 * The three headers of a message, with a signature of each key.
 *
 * @param message - `at` in epoch ms; the body has to be sent as it is here, byte by byte
 */
export function signatureHeaders(
  keys: readonly WebhookKey[],
  message: { readonly id: string; readonly at: number; readonly body: Uint8Array | string },
): WebhookHeaders {
  const { id, at, body } = message;
  const timestamp = String(Math.floor(at / 1_000));
  const signatures = keys.map((key) => signatureOf(key, { id, timestamp, body }));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}
