import { SECRET_FORM, type WebhookKey, webhookKeys } from "@tidegate/webhook";
import { unusable } from "./secrets.js";

/**
 * The keys of a webhook secret that has this name.
 *
 * @throws OperatorError CONFIGURATION_INVALID
 */
export function signingKeys(name: string, secret: string): readonly WebhookKey[] {
  const keys = webhookKeys(secret);
  if (keys === undefined) throw unusable(name, SECRET_FORM);
  return keys;
}
