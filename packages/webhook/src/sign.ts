import { createHmac } from "node:crypto";
import type { WebhookKey } from "./secret.js";

/** The parts of a message that its signature covers. */
export interface WebhookMessage {
  readonly id: string;
  /** Seconds since 1970, as digits. */
  readonly timestamp: string;
  /** The bytes, or a text that is encoded as UTF-8. */
  readonly body: Uint8Array | string;
}

/** Headers of an outgoing message. */
export type WebhookHeaders = {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
};

/**
 * Returns one key's signature, `v1,<base64>`: HMAC-SHA-256 over `id.timestamp.body` (Standard Webhooks
 * 1.0.0).
 */
export function signatureOf(key: WebhookKey, { id, timestamp, body }: WebhookMessage): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
}

/**
 * Returns the three headers of a message, with a signature by each key.
 *
 * @param message - `at` in epoch ms; the body must be sent byte for byte as given
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
