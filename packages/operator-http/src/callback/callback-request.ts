import type { WebhookMessage, WebhookRequest } from "@tidegate/webhook";

/**
 * A callback as received. The body must be the original bytes, not JSON that was parsed and serialized again.
 */
export type CallbackRequest = WebhookRequest;

export function byteLength({ rawBody }: CallbackRequest): number {
  return typeof rawBody === "string" ? Buffer.byteLength(rawBody) : rawBody.byteLength;
}

/** Returns the body as text; bodies that are not UTF-8 have been rejected before. */
export function bodyText({ body }: Pick<WebhookMessage, "body">): string {
  return typeof body === "string" ? body : Buffer.from(body).toString("utf8");
}
