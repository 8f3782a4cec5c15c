import { ManagerError } from "./manager-error.js";
import { type Input, type Operations, ROUTES } from "./operations.js";

/** A manager's address, and how it is called. */
export interface Target {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string | (() => string | Promise<string>) | undefined;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
}

/** The version of the REST interface that this client speaks; a manager of another version refuses its requests. */
const API_VERSION = "1";

/** Longest part of an answer that a message quotes, characters. */
const MAX_QUOTED = 200;

/**
 * Carries out one of the manager's operations.
 *
 * @param extraMs - how much longer than usual the answer may take, ms
 * @throws ManagerError with the manager's code, or MANAGER_UNAVAILABLE, MANAGER_TIMED_OUT, ANSWER_UNEXPECTED;
 *   the reason of the caller's signal if it is aborted
 */
export async function call<Id extends keyof Operations>(
  target: Target,
  id: Id,
  input: Omit<Operations[Id], "answer">,
  extraMs = 0,
): Promise<Operations[Id]["answer"]> {
  // biome-ignore lint/plugin: a browser has no clock of core's
  const timeout = AbortSignal.timeout(target.timeoutMs + extraMs);
  const signal = target.signal === undefined ? timeout : AbortSignal.any([timeout, target.signal]);
  const request = await requestOf(target, id, input);
  try {
    const response = await target.fetch(request.address, { ...request.init, signal });
    const text = await response.text();
    return answerOf(response, text) as Operations[Id]["answer"];
  } catch (error) {
    if (error instanceof ManagerError) throw error;
    target.signal?.throwIfAborted();
    throw timeout.aborted ? timedOut(target, extraMs, error) : unavailable(target, error);
  }
}

/** Returns the request of an operation. @throws ManagerError REQUEST_INVALID */
export async function requestOf<Id extends keyof Operations>(
  target: Target,
  id: Id,
  input: Omit<Operations[Id], "answer">,
): Promise<{
  readonly address: string;
  readonly init: RequestInit & { readonly headers: Record<string, string> };
}> {
  const [method, path] = ROUTES[id].split(" ") as [string, string];
  const { path: parameters, query, headers, body } = input as Input;
  const address = target.url + filled(path, parameters) + queryOf(query);
  const init: RequestInit & { readonly headers: Record<string, string> } = {
    method,
    headers: {
      accept: "application/json",
      "tidegate-api": API_VERSION,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
      ...(await authorizationOf(target.token)),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // A redirected POST would arrive as a GET.
    redirect: "error",
  };
  return { address, init };
}

/**
 * Returns the result in an answer.
 *
 * @throws ManagerError with the manager's code, or ANSWER_UNEXPECTED
 */
export function answerOf(response: Response, text: string): unknown {
  const { status, ok } = response;
  const isJson = /^application\/json\b/i.test(response.headers.get("content-type") ?? "");
  if (ok && (text === "" || status === 204)) return undefined;
  const body = isJson ? parsed(text) : undefined;
  if (ok && body !== undefined) return body === null ? undefined : body;
  const { code, message, field } = (body as { error?: ManagerError } | null | undefined)?.error ?? {};
  if (!ok && typeof code === "string" && typeof message === "string") {
    throw new ManagerError(code, message, { status, field, retryAfterMs: retryAfterMs(response) });
  }
  throw new ManagerError(
    "ANSWER_UNEXPECTED",
    `The answer, status ${status}, is not a manager's; check the address. It begins with: ${text.slice(0, MAX_QUOTED)}`,
    { status },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

/** @throws ManagerError REQUEST_INVALID for a dot or two, which URLs resolve as directories */
function filled(path: string, parameters: Input["path"] = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name]!;
    if (value === "" || value === "." || value === "..") {
      throw new ManagerError("REQUEST_INVALID", `${name}: "${value}" cannot be part of an address.`, {
        field: name,
      });
    }
    return encodeURIComponent(value);
  });
}

function queryOf(query: Input["query"] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => [name, String(each)]),
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs as [string, string][])}`;
}

async function authorizationOf(token: Target["token"]): Promise<{ readonly authorization?: string }> {
  const value = typeof token === "function" ? await token() : token;
  return value === undefined ? {} : { authorization: `Bearer ${value}` };
}

function timedOut({ url, timeoutMs }: Target, extraMs: number, cause: unknown): ManagerError {
  return new ManagerError(
    "MANAGER_TIMED_OUT",
    `The manager at ${url} has not answered within ${timeoutMs + extraMs} ms. The request may have been carried out.`,
    { cause },
  );
}

/** Returns the error for a manager that is not reached. */
export function unavailable({ url }: Target, error: unknown): ManagerError {
  const { message, cause } = error as Error;
  const detail = cause instanceof Error && cause.message !== "" ? cause.message : message;
  return new ManagerError("MANAGER_UNAVAILABLE", `The manager at ${url} cannot be reached: ${detail}`, {
    cause: error,
  });
}
