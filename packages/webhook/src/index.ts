export { groupKeys, groupSecret, groupToken } from "./group.js";
export { SECRET_FORM, type WebhookKey, webhookKeys } from "./secret.js";
export { signatureHeaders, signatureOf, type WebhookHeaders, type WebhookMessage } from "./sign.js";
export {
  type Freshness,
  isSignedBy,
  type SignedMessage,
  signedMessage,
  UNSIGNED,
  type WebhookRequest,
  webhookFault,
} from "./verify.js";
