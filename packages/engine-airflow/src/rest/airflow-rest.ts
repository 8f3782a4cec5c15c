import { type Clock, EngineError, messageOf, pause } from "@tidegate/core";
import type { EngineSettings } from "../options.js";
import { redacted } from "./redaction.js";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What Airflow answered. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** What a request is made of. */
export interface RequestParts {
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
  /** Statuses beside the successful ones that the caller understands. @default none */
  readonly accept?: readonly number[];
}

/** Between the attempts of a request that met another one in Airflow's database, ms. */
const PAUSES_MS = [200, 1_000];

/**
 * Whether it may go well the next time: Airflow answers 500 where its database was locked or has rolled back, and 409
 * where another manager wrote the same. All requests of the engine may be repeated.
 */
function isPassing({ status }: Response): boolean {
  return status >= 500 || status === 409;
}

/**
 * Airflow's REST API, with a token that is got when it is needed and once more when it has expired.
 *
 * All that goes wrong is an EngineError ENGINE_FAILED with what Airflow said, and without the secrets.
 */
export class AirflowRest {
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #secrets: readonly string[];
  #token: Promise<string> | undefined;

  constructor(settings: EngineSettings, clock: Clock) {
    const { credentials, callback } = settings;
    this.#clock = clock;
    this.#settings = settings;
    this.#secrets = [
      ...[credentials.password, credentials.token].filter((secret) => secret !== undefined),
      ...callback.secret.split(" "),
      callback.secret,
    ];
  }

  /** @param path - below `/api/v2`, its parts encoded */
  async request<Body>(method: Method, path: string, parts: RequestParts = {}): Promise<Answer<Body>> {
    const isWanted = ({ ok, status }: Response) => ok || parts.accept?.includes(status) === true;
    let response = await this.#authorized(method, path, parts);
    for (const pauseMs of PAUSES_MS) {
      if (isWanted(response) || !isPassing(response)) break;
      await pause(this.#clock, pauseMs);
      response = await this.#authorized(method, path, parts);
    }
    const text = await this.#textOf(response);
    if (!isWanted(response)) throw this.#refusal(`${method} ${path}`, response.status, text);
    return { status: response.status, body: this.#parsed(text) as Body };
  }

  async #authorized(method: Method, path: string, parts: RequestParts): Promise<Response> {
    const token = this.#currentToken();
    const response = await this.#send(method, path, parts, await token);
    if (response.status !== 401 || this.#settings.credentials.token !== undefined) return response;
    if (this.#token === token) this.#token = undefined;
    return this.#send(method, path, parts, await this.#currentToken());
  }

  #send(method: Method, path: string, { query, body }: RequestParts, token: string): Promise<Response> {
    const search = new URLSearchParams(
      Object.entries(query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return this.#fetch(`/api/v2${path}${search.size > 0 ? `?${search}` : ""}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
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
    const response = await this.#fetch("/auth/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username, password }),
    });
    const text = await this.#textOf(response);
    if (!response.ok) throw this.#refusal("POST /auth/token", response.status, text);
    const { access_token: token } = this.#parsed(text) as { access_token?: unknown };
    if (typeof token === "string") return token;
    throw new EngineError("ENGINE_FAILED", "Airflow gave no token.", { field: "username" });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const { url, requestTimeoutMs } = this.#settings;
    try {
      const signal = AbortSignal.timeout(requestTimeoutMs);
      return await fetch(url + path, { ...init, redirect: "error", signal });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #textOf(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw this.#unreachable(error);
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

  #unreachable(error: unknown): EngineError {
    // `fetch` says no more than that it failed; why is in the cause.
    const cause = (error as { readonly cause?: unknown }).cause ?? error;
    const why = redacted(messageOf(cause), this.#secrets);
    return new EngineError("ENGINE_FAILED", `Airflow at ${this.#settings.url} cannot be reached: ${why}`);
  }

  #refusal(request: string, status: number, text: string): EngineError {
    const said = redacted(text, this.#secrets);
    return new EngineError("ENGINE_FAILED", `Airflow answered ${status} to ${request}: ${said}`);
  }
}
