/** A callback as it was received. The body must be the bytes that came, not JSON that was parsed and written again. */
export interface CallbackRequest {
  /** By name, in any case; as Node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawBody: Uint8Array | string;
}

/** What a callback is answered with; the body is to be sent as JSON. */
export interface CallbackResponse {
  readonly status: number;
  readonly body: CallbackAnswer | { readonly error: { readonly code: string; readonly message: string } };
}

/** What became of a fire that was taken. */
export interface CallbackAnswer {
  /** Always `null` here: which run it led to is told by a door that knows the ledger. */
  readonly runId: null;
  readonly statusUrl: null;
  /** Whether nothing was owed for it. */
  readonly duplicate: boolean;
}

/** A refusal as callers read it. */
export function refusal(status: number, code: string, message: string): CallbackResponse {
  return { status, body: { error: { code, message } } };
}

/** A header that was given exactly once: with two, intermediaries disagree about which one counts. */
export function single(headers: CallbackRequest["headers"], name: string): string | undefined {
  const values = Object.entries(headers)
    .filter(([given]) => given.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
  return values.length === 1 && values[0] !== "" ? values[0] : undefined;
}
