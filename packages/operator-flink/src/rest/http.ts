import { SystemClock } from "@tidegate/core/clock";
import {
  type FileForm,
  HttpClient,
  isSuccess,
  NoAnswer as NoHttpAnswer,
  retryAfterMs,
  TimedOut,
} from "@tidegate/rest-client";

/** A request that got no response, or not one of Flink's. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  /** @param isSent - `false` if nobody can have received the request, since nothing of it was written */
  constructor(
    message: string,
    readonly isSent: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** Hints for responses without a reason, which are not Flink's: Flink always gives one. */
const HINTS: Readonly<Record<number, string>> = {
  401: ": it wants credentials (option headers)",
  403: ": it wants other credentials (option headers)",
  404: ": it is not the part of Flink that it is taken for (options url, gatewayUrl)",
};

/** A response other than 2xx, with Flink's Java stack traces as its text. */
export class Refused extends Error {
  override readonly name = "Refused";

  /**
   * @param asked - the address that responded
   * @param retryAfterMs - the wait that it asks for
   */
  constructor(
    readonly status: number,
    readonly trace: string,
    readonly asked = "Flink",
    readonly retryAfterMs?: number,
  ) {
    super(`${asked} answered ${status} without a reason${HINTS[status] ?? ""}`);
  }
}

/** For responses that say when to retry, but not what time it is. */
const CLOCK = new SystemClock();

export interface HttpSettings {
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The longest time that a request may take, ms. */
  readonly timeoutMs: number;
}

export interface Exchange {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Sent instead of a body. */
  readonly form?: FileForm;
  readonly timeoutMs?: number;
}

/** One of Flink's REST endpoints, JSON both ways. Redirects are not followed. */
export class RestEndpoint {
  /** Without a trailing slash. */
  readonly url: string;
  readonly #settings: HttpSettings;
  readonly #client = new HttpClient();

  constructor(url: string, settings: HttpSettings) {
    this.url = url;
    this.#settings = settings;
  }

  /**
   * @throws NoAnswer
   * @throws Refused
   */
  async ask<T>({ method, path, body, form, timeoutMs = this.#settings.timeoutMs }: Exchange): Promise<T> {
    const answer = await this.#client
      .send(
        {
          method,
          url: new URL(this.url + path),
          headers: { accept: "application/json", ...typeOf(body, form), ...this.#settings.headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(form === undefined ? {} : { body: form.body }),
        },
        { timeoutMs },
      )
      .catch((error: Error) => {
        throw this.#noAnswer(error);
      });
    if (!isSuccess(answer)) {
      const wait = retryAfterMs(answer.headers, CLOCK.now());
      throw new Refused(answer.status, traceIn(answer.text), this.url, wait);
    }
    try {
      return JSON.parse(answer.text) as T;
    } catch (error) {
      throw new NoAnswer(`${this.url} does not answer with JSON, as Flink does`, true, error);
    }
  }

  #noAnswer(error: Error): NoAnswer {
    if (!(error instanceof NoHttpAnswer)) {
      return new NoAnswer(`${this.url} answers with what cannot be read (${error.message})`, true, error);
    }
    const { isSent, code, cause } = error;
    if (cause instanceof TimedOut) {
      return new NoAnswer(`${this.url} has not answered within ${cause.timeoutMs} ms`, isSent, error);
    }
    const reason = code ?? "the connection broke";
    return new NoAnswer(`${this.url} does not answer (${reason})`, isSent, error);
  }
}

function typeOf(body: object | undefined, form: FileForm | undefined): Record<string, string> {
  if (form !== undefined) return { "content-type": form.contentType };
  return body === undefined ? {} : { "content-type": "application/json" };
}

/** Flink puts stack traces into `errors`; a proxy in front of it responds with text of its own. */
function traceIn(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    return Array.isArray(errors) ? errors.map(String).join("\n") : "";
  } catch {
    return "";
  }
}
