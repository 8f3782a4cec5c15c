import type { Settings } from "../options.js";
import { parseExactJson } from "./exact-json.js";
import { Refused, Unanswered, unansweredBecause } from "./failure.js";

/** What a request is made of. */
export interface RequestParts {
  readonly query?: Readonly<Record<string, string>>;
  /** JSON, as text. @default none, and GET instead of POST */
  readonly body?: string;
  readonly timeoutMs: number;
  /** Breaks it off; the promise rejects with its reason. */
  readonly signal: AbortSignal;
}

const LONGEST = 1_000;

/** Requests to one cluster, whose answers are JSON. */
export class Rest {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #password: string;

  constructor({ credentials }: Pick<Settings, "credentials">) {
    this.#password = credentials?.password ?? "";
    this.#headers =
      credentials === undefined
        ? {}
        : { authorization: `Basic ${btoaUtf8(`${credentials.username}:${credentials.password}`)}` };
  }

  /**
   * @throws Unanswered
   * @throws Refused for any status but the successful ones
   * @throws the signal's reason when it is aborted
   */
  async request(url: string, parts: RequestParts): Promise<unknown> {
    const { query, body, signal, timeoutMs } = parts;
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    const what = `${body === undefined ? "GET" : "POST"} ${url}`;
    try {
      signal.throwIfAborted();
      const response = await fetch(url + search, {
        ...(body === undefined ? {} : { method: "POST", body }),
        headers: { ...this.#headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      return this.#answer(what, response.status, await response.text());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused || error instanceof Unanswered) throw error;
      throw unansweredBecause(error, what);
    }
  }

  #answer(what: string, status: number, text: string): unknown {
    const body = parsed(text);
    const { status: verdict, message } = (body ?? {}) as {
      readonly status?: unknown;
      readonly message?: unknown;
    };
    const isSuccessful = status >= 200 && status < 300;
    if (!isSuccessful || verdict === "fail") {
      throw new Refused(
        isSuccessful ? 500 : status,
        `${what} was answered ${status}${this.#quoted(message)}`,
      );
    }
    if (body !== undefined) return body;
    throw new Unanswered(`${what} was answered, but not as SeaTunnel does`, { isSent: true });
  }

  #quoted(said: unknown): string {
    if (typeof said !== "string" || said === "") return "";
    const line = said.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").slice(0, LONGEST);
    return `: ${this.#password === "" ? line : line.replaceAll(this.#password, "***")}`;
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
