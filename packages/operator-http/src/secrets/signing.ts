import { SECRET_FORM, type WebhookKey, webhookKeys } from "@tidegate/webhook";
import { unusable } from "./secrets.js";

/**
 * Returns the keys of the webhook secret with this name.
 *
 * @throws OperatorError CONFIGURATION_INVALID
 */
export function signingKeys(name: string, secret: string): readonly WebhookKey[] {
  const keys = webhookKeys(secret);
  if (keys === undefined) throw unusable(name, SECRET_FORM);
  return keys;
}
