/** The body of a request: a text, or a stream of known length. */
export type HttpBody = string | StreamedBody;

/** A body that is not held in memory. */
export interface StreamedBody {
  /** In bytes. */
  readonly length: number;
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** An outgoing request. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
}

/** Headers of an answer, in lower case, with all their values. */
export type HttpHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** A complete answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Decompressed and decoded. Empty if a refusal's body cannot be read: the status says enough. */
  readonly text: string;
}

/** Returns a header's value; `undefined` if it is repeated, since it is unknown which value counts. */
export function headerOf({ headers }: Pick<HttpAnswer, "headers">, name: string): string | undefined {
  const values = headers[name] ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/** Returns whether an answer is 2xx. */
export function isSuccess({ status }: Pick<HttpAnswer, "status">): boolean {
  return status >= 200 && status < 300;
}
