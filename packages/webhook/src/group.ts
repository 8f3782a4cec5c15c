import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { type WebhookKey, webhookKeys } from "./secret.js";

/**
 * A secret that opens one group: HMAC-SHA-256 of the group's id by the engine's secret. Whoever has it can sign for that
 * group, and can find out neither the engine's secret nor another group's.
 *
 * @param secret - the engine's; while it is rotated, what is derived comes of the first, the new one
 * @returns `whsec_` and base64 of 32 bytes; `undefined` where the secret is malformed
 */
export function groupSecret(secret: string, groupId: string): string | undefined {
  const key = webhookKeys(secret)?.[0];
  return key && `whsec_${derived(key, groupId).toString("base64")}`;
}

/** The keys of the secrets that `groupSecret` derives, one for each of the engine's. */
export function groupKeys(keys: readonly WebhookKey[], groupId: string): readonly WebhookKey[] {
  return keys.map((key) => createSecretKey(derived(key, groupId)));
}

/** The same of a bearer token: one that opens one group, 43 letters, digits, `-` and `_`. */
export function groupToken(token: string, groupId: string): string {
  return derived(token, groupId).toString("base64url");
}

/** A signed message cannot look like this, since the id that it begins with came in a header and has no line's end. */
function derived(key: KeyObject | string, groupId: string): Buffer {
  return createHmac("sha256", key).update(`tidegate group\n${groupId}`).digest();
}
