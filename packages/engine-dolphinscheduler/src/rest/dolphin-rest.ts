import { EngineError } from "@tidegate/core";
import { messageOf } from "@tidegate/core/plugin";
import { HttpClient, oneLine, Redactor } from "@tidegate/rest-client";
import type { EngineSettings } from "../options.js";

/** Maximum length of an answer quoted in a message. */
const LONGEST = 2_000;

const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Fields of a request: in the query with GET, else in the body. */
export type Fields = Readonly<Record<string, string | number>>;

/** DolphinScheduler's answer to a request. */
export interface Answer<Data> {
  /** 0 on success. */
  readonly code: number;
  readonly msg: string;
  readonly data: Data;
}

/** An answer that is no success. DolphinScheduler answers errors inside its server in the same way. */
export class Refusal extends EngineError {
  constructor(message: string) {
    super("ENGINE_FAILED", message);
    this.name = "EngineError";
  }
}

/**
 * DolphinScheduler's REST API. It answers HTTP 200 to nearly everything, and reports the result in `code`.
 *
 * Every failure is an EngineError ENGINE_FAILED with what DolphinScheduler said, without the token; a {@link Refusal}
 * if it answered.
 */
export class DolphinRest {
  readonly #settings: EngineSettings;
  readonly #client = new HttpClient();
  readonly #redactor = new Redactor({ shortest: 1 });

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    this.#redactor.remember("token", settings.token);
  }

  /** @param accept - codes besides 0 that the caller handles */
  async request<Data>(
    method: Method,
    path: string,
    fields: Fields = {},
    accept: readonly number[] = [],
  ): Promise<Answer<Data>> {
    const { status, text } = await this.#send(method, path, fields);
    const answer = answerIn<Data>(text);
    if (answer === undefined) throw this.#refusal(`${method} ${path}`, status);
    if (answer.code === 0 || accept.includes(answer.code)) return answer;
    const said = this.#quoted(answer.msg);
    throw new Refusal(`DolphinScheduler refused ${method} ${path} with code ${answer.code}: ${said}`);
  }

  /** Returns whether the server knows a path. Unknown ones return a web page, or an error code. */
  async takes(
    method: Method,
    path: string,
    fields: Fields,
    accept: readonly number[] = [],
  ): Promise<boolean> {
    const { text } = await this.#send(method, path, fields);
    const code = answerIn(text)?.code;
    return code === 0 || (code !== undefined && accept.includes(code));
  }

  async #send(method: Method, path: string, fields: Fields): Promise<{ status: number; text: string }> {
    const { url, token, requestTimeoutMs } = this.#settings;
    const form = new URLSearchParams(
      Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const isRead = method === "GET";
    try {
      return await this.#client.send(
        {
          method,
          url: new URL(`${url}${path}${isRead && form.size > 0 ? `?${form}` : ""}`),
          headers: { token, ...(isRead ? {} : { "content-type": FORM }) },
          ...(isRead ? {} : { body: form.toString() }),
        },
        { timeoutMs: requestTimeoutMs },
      );
    } catch (error) {
      const why = this.#quoted(messageOf(error));
      throw new EngineError("ENGINE_FAILED", `DolphinScheduler at ${url} cannot be reached: ${why}`);
    }
  }

  /** Redacts a text for messages: DolphinScheduler may repeat what it was sent. */
  #quoted(text: string): string {
    return oneLine(this.#redactor.redact(text), LONGEST);
  }

  #refusal(request: string, status: number): EngineError {
    const { url } = this.#settings;
    const why =
      status === 401
        ? "DolphinScheduler does not take the token: it is wrong or has expired"
        : `${url} answers ${status} to ${request}, but not as DolphinScheduler's REST API does`;
    return new EngineError("ENGINE_FAILED", `${why}.`, status === 401 ? { field: "token" } : {});
  }
}

function answerIn<Data>(text: string): Answer<Data> | undefined {
  try {
    const answer = JSON.parse(text);
    return Number.isInteger(answer?.code) && typeof answer.msg === "string" ? answer : undefined;
  } catch {
    return undefined;
  }
}
