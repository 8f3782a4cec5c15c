import type { WebhookMessage, WebhookRequest } from "@tidegate/webhook";

/** A callback as it was received. The body must be the bytes that came, not JSON that was parsed and written again. */
export type CallbackRequest = WebhookRequest;

export function byteLength({ rawBody }: CallbackRequest): number {
  return typeof rawBody === "string" ? Buffer.byteLength(rawBody) : rawBody.byteLength;
}

/** The body as text; what is not UTF-8 is refused before. */
export function bodyText({ body }: Pick<WebhookMessage, "body">): string {
  return typeof body === "string" ? body : Buffer.from(body).toString("utf8");
}
