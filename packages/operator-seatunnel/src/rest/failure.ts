import { messageOf } from "@tidegate/core";

/** The cluster did not answer, or not as SeaTunnel does. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  /** `false` where the request was certainly not received. */
  readonly isSent: boolean;

  constructor(message: string, details: { readonly isSent: boolean; readonly cause?: unknown }) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.isSent = details.isSent;
  }
}

/** The cluster answered that it will not. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Codes of failures before the first byte is sent. */
const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** What a failed `fetch` means; it says no more than that it failed, and why is in its cause. */
export function unansweredBecause(error: unknown, what: string): Unanswered {
  const cause = (error as { readonly cause?: unknown }).cause ?? error;
  const code = (cause as { readonly code?: unknown }).code;
  const isSent = !(typeof code === "string" && NOT_CONNECTED.has(code));
  const why = typeof code === "string" ? code : messageOf(cause);
  return new Unanswered(`${what} was not answered: ${why}`, { isSent, cause });
}
