import { timingSafeEqual } from "node:crypto";
import type { EpochMs } from "@tidegate/core";
import { Webhook } from "standardwebhooks";
import { unusable } from "./secrets.js";

/** The size that Standard Webhooks 1.0.0 asks of a key, bytes. */
const KEY_BYTES = { min: 24, max: 64 };

/** Signatures of one message that are looked at; a rotation needs two. */
const MAX_SIGNATURES = 8;

/** A message as it was received, by the names of Standard Webhooks. */
export interface SignedMessage {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** `v1,<base64>`, several of them separated by spaces. */
  readonly signature: string;
  readonly body: string;
}

/**
 * The keys of a webhook secret: `whsec_` and base64 of 24 to 64 bytes. While it is rotated a secret holds the new key and
 * the old one, separated by a space: requests carry a signature of each, and callbacks are accepted with either.
 *
 * @throws OperatorError CONFIGURATION_INVALID
 */
export function webhookKeys(name: string, secret: string): readonly string[] {
  const keys = secret.split(" ").filter((key) => key !== "");
  if (keys.length === 0 || !keys.every(isWebhookKey)) {
    throw unusable(
      name,
      'must be "whsec_" and base64 of 24 to 64 bytes, or two such with a space between them',
    );
  }
  return keys;
}

/** The three headers of Standard Webhooks for a body that is sent as it is. */
export function signatureHeaders(
  keys: readonly string[],
  message: { readonly id: string; readonly at: EpochMs; readonly body: string },
): Record<string, string> {
  const at = new Date(message.at);
  const signatures = keys.map((key) => new Webhook(key).sign(message.id, at, message.body));
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(Math.floor(message.at / 1_000)),
    "webhook-signature": signatures.join(" "),
  };
}

/**
 * Whether a message was signed with the key, in constant time. Its age is the caller's to judge: the library would do it
 * by the machine's clock.
 */
export function isSignedWith(key: string, { id, timestamp, signature, body }: SignedMessage): boolean {
  const expected = Buffer.from(new Webhook(key).sign(id, new Date(timestamp * 1_000), body));
  return signature
    .split(" ", MAX_SIGNATURES)
    .map((given) => Buffer.from(given))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}

function isWebhookKey(key: string): boolean {
  const [, base64 = ""] =
    /^whsec_((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(key) ?? [];
  const bytes = Buffer.from(base64, "base64").length;
  return bytes >= KEY_BYTES.min && bytes <= KEY_BYTES.max;
}
