import type { Clock } from "@tidegate/core/clock";
import {
  type HttpAnswer,
  HttpClient,
  isSuccess,
  oneLine,
  Redactor,
  retryAfterMs,
} from "@tidegate/rest-client";
import type { Settings } from "../options.js";
import { parseExactJson } from "./exact-json.js";
import { Refused, Unanswered, unansweredBecause } from "./failure.js";

/** Parts of a request. */
export interface RequestParts {
  readonly query?: Readonly<Record<string, string>>;
  /** JSON, as text. @default none, and GET instead of POST */
  readonly body?: string;
  readonly timeoutMs: number;
  /** Aborts the request; the promise rejects with its reason. */
  readonly signal: AbortSignal;
}

/** Client for one cluster, whose responses are JSON. */
export class Rest {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #client = new HttpClient();
  readonly #redactor = new Redactor({ shortest: 1 });

  constructor({ credentials, clock }: Pick<Settings, "credentials" | "clock">) {
    this.#clock = clock;
    if (credentials !== undefined) this.#redactor.remember("password", credentials.password);
    this.#headers =
      credentials === undefined
        ? {}
        : { authorization: `Basic ${btoaUtf8(`${credentials.username}:${credentials.password}`)}` };
  }

  /**
   * @throws Unanswered
   * @throws Refused for any unsuccessful status
   * @throws the signal's reason when it is aborted
   */
  async request(url: string, parts: RequestParts): Promise<unknown> {
    const { query, body, signal, timeoutMs } = parts;
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    const what = `${body === undefined ? "GET" : "POST"} ${url}`;
    try {
      const answer = await this.#client.send(
        {
          method: body === undefined ? "GET" : "POST",
          url: new URL(url + search),
          headers: {
            accept: "application/json",
            ...this.#headers,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body }),
        },
        { timeoutMs, signals: [signal] },
      );
      return this.#answer(what, answer);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused || error instanceof Unanswered) throw error;
      throw unansweredBecause(error, what);
    }
  }

  #answer(what: string, answer: HttpAnswer): unknown {
    const { status } = answer;
    const body = parsed(answer.text);
    const { status: verdict, message } = (body ?? {}) as {
      readonly status?: unknown;
      readonly message?: unknown;
    };
    // A redirect comes from a proxy in front of SeaTunnel.
    const isRedirect = status >= 300 && status < 400;
    if (!isRedirect && (!isSuccess(answer) || verdict === "fail")) {
      throw new Refused(
        isSuccess(answer) ? 500 : status,
        `${what} was answered ${status}${this.#quoted(message)}`,
        retryAfterMs(answer.headers, this.#clock.now()),
      );
    }
    if (!isRedirect && body !== undefined) return body;
    throw new Unanswered(`${what} was answered, but not as SeaTunnel does`, { isSent: true });
  }

  #quoted(said: unknown): string {
    if (typeof said !== "string" || said === "") return "";
    return `: ${oneLine(this.#redactor.redact(said))}`;
  }
}

function parsed(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return undefined;
  }
}

function btoaUtf8(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
