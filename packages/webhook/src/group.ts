import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { type WebhookKey, webhookKeys } from "./secret.js";

/**
 * A secret for one group: HMAC-SHA-256 of the group's id, keyed with the engine's secret. Its holder can sign
 * for that group, and can derive neither the engine's secret nor another group's.
 *
 * @param secret - the engine's; during a rotation the new (first) key is used
 * @returns `whsec_` and base64 of 32 bytes; `undefined` if the secret is malformed
 */
export function groupSecret(secret: string, groupId: string): string | undefined {
  const key = webhookKeys(secret)?.[0];
  return key && `whsec_${derived(key, groupId).toString("base64")}`;
}

/** Returns the keys of the secrets that `groupSecret` derives, one for each of the engine's. */
export function groupKeys(keys: readonly WebhookKey[], groupId: string): readonly WebhookKey[] {
  return keys.map((key) => createSecretKey(derived(key, groupId)));
}

/** Like `groupSecret`, for a bearer token: returns a token for one group, 43 letters, digits, `-` and `_`. */
export function groupToken(token: string, groupId: string): string {
  return derived(token, groupId).toString("base64url");
}

/** A signed message cannot look like this, since its leading id came in a header and contains no newline. */
function derived(key: KeyObject | string, groupId: string): Buffer {
  return createHmac("sha256", key).update(`tidegate group\n${groupId}`).digest();
}
