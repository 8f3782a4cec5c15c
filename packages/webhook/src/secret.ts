import { createSecretKey, type KeyObject } from "node:crypto";

/** A key that signs. It shows its bytes to nobody who prints it. */
export type WebhookKey = KeyObject;

/** The size that Standard Webhooks 1.0.0 asks of a key, bytes. */
const KEY_BYTES = { min: 24, max: 64 };

/** A rotation needs two. */
const MAX_KEYS = 2;

/** What a secret has to be, as the end of a sentence that begins with its name. */
export const SECRET_FORM =
  'must be "whsec_" and base64 of 24 to 64 bytes, or two such with a space between them';

/**
 * The keys of a secret: `whsec_` and base64 of 24 to 64 bytes. While it is rotated, a secret holds the new key and the old
 * one, separated by a space: messages carry a signature of each, and are accepted with either.
 *
 * @returns `undefined` where the secret is malformed: what to say of it is for who knows where it was configured
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
