import { EngineError } from "@tidegate/core";
import { type Clock, pause } from "@tidegate/core/clock";
import { messageOf } from "@tidegate/core/plugin";
import {
  type HttpAnswer,
  HttpClient,
  type HttpRequest,
  isSuccess,
  oneLine,
  Redactor,
} from "@tidegate/rest-client";
import type { EngineSettings } from "../options.js";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Airflow's answer to a request. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** Parts of a request. */
export interface RequestParts {
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
  /** Statuses besides the successful ones that the caller handles. @default none */
  readonly accept?: readonly number[];
}

/** Maximum length of an answer quoted in a message. */
const LONGEST = 2_000;

/** Pauses between attempts of a request that collided with another one in Airflow's database, ms. */
const PAUSES_MS = [200, 1_000];

/**
 * Returns whether a retry may succeed: Airflow answers 500 if its database was locked or has rolled back, and
 * 409 if another manager wrote the same. All requests of the engine may be repeated.
 */
function isPassing({ status }: HttpAnswer): boolean {
  return status >= 500 || status === 409;
}

/**
 * Airflow's REST API, with a token that is fetched when needed and again when it has expired.
 *
 * Every failure is an EngineError ENGINE_FAILED with what Airflow said, without the secrets.
 */
export class AirflowRest {
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #client = new HttpClient();
  readonly #redactor = new Redactor({ shortest: 1 });
  #token: Promise<string> | undefined;

  constructor(settings: EngineSettings, clock: Clock) {
    const { credentials, callback } = settings;
    this.#settings = settings;
    this.#clock = clock;
    const secrets = [credentials.password, credentials.token, callback.secret, ...callback.secret.split(" ")];
    for (const [index, secret] of secrets.entries()) this.#redactor.remember(String(index), secret ?? "");
  }

  /** @param path - below `/api/v2`, its parts encoded */
  async request<Body>(method: Method, path: string, parts: RequestParts = {}): Promise<Answer<Body>> {
    const isWanted = (answer: HttpAnswer) =>
      isSuccess(answer) || parts.accept?.includes(answer.status) === true;
    let answer = await this.#authorized(method, path, parts);
    for (const pauseMs of PAUSES_MS) {
      if (isWanted(answer) || !isPassing(answer)) break;
      await pause(this.#clock, pauseMs);
      answer = await this.#authorized(method, path, parts);
    }
    if (!isWanted(answer)) throw this.#refusal(`${method} ${path}`, answer);
    return { status: answer.status, body: this.#parsed(answer.text) as Body };
  }

  async #authorized(method: Method, path: string, parts: RequestParts): Promise<HttpAnswer> {
    const token = this.#currentToken();
    const answer = await this.#send(method, path, parts, await token);
    if (answer.status !== 401 || this.#settings.credentials.token !== undefined) return answer;
    if (this.#token === token) this.#token = undefined;
    return this.#send(method, path, parts, await this.#currentToken());
  }

  #send(method: Method, path: string, { query, body }: RequestParts, token: string): Promise<HttpAnswer> {
    const search = new URLSearchParams(
      Object.entries(query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const headers = { authorization: `Bearer ${token}` };
    return this.#exchange(method, `/api/v2${path}${search.size > 0 ? `?${search}` : ""}`, headers, body);
  }

  #currentToken(): Promise<string> {
    const { token } = this.#settings.credentials;
    if (token !== undefined) return Promise.resolve(token);
    if (this.#token === undefined) {
      const asked = this.#newToken();
      asked.catch(() => {
        if (this.#token === asked) this.#token = undefined;
      });
      this.#token = asked;
    }
    return this.#token;
  }

  async #newToken(): Promise<string> {
    const { username, password } = this.#settings.credentials;
    const answer = await this.#exchange("POST", "/auth/token", {}, { username, password });
    if (!isSuccess(answer)) throw this.#refusal("POST /auth/token", answer);
    const { access_token: token } = this.#parsed(answer.text) as { access_token?: unknown };
    if (typeof token !== "string") {
      throw new EngineError("ENGINE_FAILED", "Airflow gave no token.", { field: "username" });
    }
    this.#redactor.remember("session", token);
    return token;
  }

  async #exchange(
    method: Method,
    path: string,
    headers: HttpRequest["headers"],
    body: unknown,
  ): Promise<HttpAnswer> {
    const { url, requestTimeoutMs: timeoutMs } = this.#settings;
    try {
      return await this.#client.send(
        {
          method,
          url: new URL(url + path),
          headers: {
            ...headers,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        { timeoutMs },
      );
    } catch (error) {
      const why = this.#quoted(messageOf(error));
      throw new EngineError("ENGINE_FAILED", `Airflow at ${url} cannot be reached: ${why}`);
    }
  }

  #parsed(text: string): unknown {
    if (text === "") return {};
    try {
      return JSON.parse(text);
    } catch {
      throw new EngineError(
        "ENGINE_FAILED",
        `${this.#settings.url} answers, but not as Airflow's REST API does.`,
      );
    }
  }

  #refusal(request: string, { status, text }: HttpAnswer): EngineError {
    return new EngineError(
      "ENGINE_FAILED",
      `Airflow answered ${status} to ${request}: ${this.#quoted(text)}`,
    );
  }

  /** Redacts a text for messages: Airflow may repeat what it was sent. */
  #quoted(text: string): string {
    return oneLine(this.#redactor.redact(text), LONGEST);
  }
}
