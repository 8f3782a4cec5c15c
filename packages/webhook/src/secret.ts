import { createSecretKey, type KeyObject } from "node:crypto";

/** A signing key. Printing it does not reveal its bytes. */
export type WebhookKey = KeyObject;

/** Key size that Standard Webhooks 1.0.0 requires, bytes. */
const KEY_BYTES = { min: 24, max: 64 };

/** A rotation needs two. */
const MAX_KEYS = 2;

/** The form of a valid secret, worded to complete a sentence that begins with its name. */
export const SECRET_FORM =
  'must be "whsec_" and base64 of 24 to 64 bytes, or two such with a space between them';

/**
 * Parses the keys of a secret: `whsec_` and base64 of 24 to 64 bytes. During a rotation, a secret holds the
 * new key and the old one, separated by a space: messages carry a signature of each, and are accepted with
 * either.
 *
 * @returns `undefined` if the secret is malformed; the caller, who knows where it was configured, reports
 * that
 */
export function webhookKeys(secret: string): readonly WebhookKey[] | undefined {
  const keys = secret
    .split(" ")
    .filter((part) => part !== "")
    .map(keyOf);
  if (keys.length === 0 || keys.length > MAX_KEYS) return undefined;
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function keyOf(text: string): WebhookKey | undefined {
  const [, base64 = ""] =
    /^whsec_((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(text) ?? [];
  const bytes = Buffer.from(base64, "base64");
  const isFit = bytes.length >= KEY_BYTES.min && bytes.length <= KEY_BYTES.max;
  return isFit ? createSecretKey(bytes) : undefined;
}
