import { messageOf } from "@tidegate/core/plugin";
import { NoAnswer } from "@tidegate/rest-client";

/** The cluster did not respond, or not as SeaTunnel does. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  /** `false` if the request was certainly not received. */
  readonly isSent: boolean;

  constructor(message: string, details: { readonly isSent: boolean; readonly cause?: unknown }) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.isSent = details.isSent;
  }
}

/** The cluster refused a request. */
export class Refused extends Error {
  override readonly name = "Refused";

  /** @param retryAfterMs - the wait that the cluster, or a proxy in front of it, asks for */
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** Returns the error of a request without a usable response. */
export function unansweredBecause(error: unknown, what: string): Unanswered {
  const isSent = !(error instanceof NoAnswer) || error.isSent;
  const why = (error instanceof NoAnswer ? error.code : undefined) ?? messageOf(error);
  return new Unanswered(`${what} was not answered: ${why}`, { isSent, cause: error });
}
