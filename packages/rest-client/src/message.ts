/** The bodies that a request can have: a text, or bytes of a known length that are read as they are sent. */
export type HttpBody = string | StreamedBody;

/** A body that is not held in memory. */
export interface StreamedBody {
  /** In bytes. */
  readonly length: number;
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** A request as it goes out. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
}

/** The headers of an answer, in lower case, with all of their values. */
export type HttpHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Decompressed and decoded. Empty where a refusal's body cannot be read: the status says enough. */
  readonly text: string;
}

/** A header's value; a repeated one has none, for it is not known which value counts. */
export function headerOf({ headers }: Pick<HttpAnswer, "headers">, name: string): string | undefined {
  const values = headers[name] ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/** Whether an answer is 2xx. */
export function isSuccess({ status }: Pick<HttpAnswer, "status">): boolean {
  return status >= 200 && status < 300;
}
