/** A request that got no whole answer. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  /** @param isSent - `false` where nobody can have taken the request, since no connection came about */
  constructor(
    message: string,
    readonly isSent: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** What answers without a reason tell of whoever gave them: Flink has one for its own. */
const HINTS: Readonly<Record<number, string>> = {
  401: ": it wants credentials (option headers)",
  403: ": it wants other credentials (option headers)",
  404: ": it is not the part of Flink that it is taken for (options url, gatewayUrl)",
};

/** An answer other than 2xx, with the Java stack traces that Flink gives as its text. */
export class Refused extends Error {
  override readonly name = "Refused";

  /** @param asked - the address that answered so */
  constructor(
    readonly status: number,
    readonly trace: string,
    readonly asked = "Flink",
  ) {
    super(`${asked} answered ${status} without a reason${HINTS[status] ?? ""}`);
  }
}

export interface HttpSettings {
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The longest that a request may take, ms. */
  readonly timeoutMs: number;
}

export interface Exchange {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** JSON, or a form with a file. */
  readonly body?: object | FormData;
  readonly timeoutMs?: number;
}

/** Errors of connections that never stood. */
const NEVER_CONNECTED: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** One of Flink's REST endpoints: JSON there and back. Redirects are not followed. */
export class RestEndpoint {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #settings: HttpSettings;

  constructor(url: string, settings: HttpSettings) {
    this.url = url;
    this.#settings = settings;
  }

  /**
   * @throws NoAnswer
   * @throws Refused
   */
  async ask<T>({ method, path, body, timeoutMs = this.#settings.timeoutMs }: Exchange): Promise<T> {
    const isForm = body instanceof FormData;
    let status: number;
    let text: string;
    try {
      const response = await fetch(this.url + path, {
        method,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          accept: "application/json",
          ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
          ...this.#settings.headers,
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw this.#noAnswer(error, timeoutMs);
    }
    if (status < 200 || status >= 300) throw new Refused(status, traceIn(text), this.url);
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new NoAnswer(`${this.url} does not answer with JSON, as Flink does`, true, error);
    }
  }

  #noAnswer(error: unknown, timeoutMs: number): NoAnswer {
    const { name, cause } = error as Error;
    if (name === "TimeoutError") {
      return new NoAnswer(`${this.url} has not answered within ${timeoutMs} ms`, true, error);
    }
    const code = (cause as { code?: unknown } | undefined)?.code;
    const reason = typeof code === "string" ? code : "the connection broke";
    return new NoAnswer(`${this.url} does not answer (${reason})`, !NEVER_CONNECTED.has(code), error);
  }
}

/** Flink puts stack traces into `errors`; what stands before it puts its own text. */
function traceIn(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    return Array.isArray(errors) ? errors.map(String).join("\n") : "";
  } catch {
    return "";
  }
}
