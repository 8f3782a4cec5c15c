import { isTidegateError, OperatorError } from "@tidegate/core";
import { unlessAborted } from "../http/bounded.js";
import { Redactor } from "./redactor.js";

/** A secret, or what fetches it: asked at each use, so that a rotated secret needs no restart. */
export type Secret = string | (() => string | Promise<string>);

const MIN_LENGTH = 8;

/** Secrets by name. Their values appear in what is sent and nowhere else. */
export class Secrets {
  readonly #byName: ReadonlyMap<string, Secret>;
  readonly #redactor = new Redactor();

  constructor(byName: Readonly<Record<string, Secret>>) {
    this.#byName = new Map(Object.entries(byName));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * @throws OperatorError CONFIGURATION_INVALID when there is no such secret, or it cannot be had or used
   * @throws the signal's reason when it is aborted before
   */
  async resolve(name: string, signal: AbortSignal): Promise<string> {
    const secret = this.#byName.get(name);
    if (secret === undefined) throw unusable(name, "is not among the operator's secrets");
    const value = typeof secret === "string" ? secret : await fetchSecret(name, secret, signal);
    if (typeof value !== "string" || value.length < MIN_LENGTH || !/^[\x20-\x7e]+$/.test(value)) {
      throw unusable(name, `must be at least ${MIN_LENGTH} characters of visible ASCII`);
    }
    this.#redactor.remember(name, value);
    return value;
  }

  /** A text without the secrets that were resolved so far: a service may say back what it was sent. */
  redact(text: string): string {
    return this.#redactor.redact(text);
  }
}

/** The refusal of a secret, which says its name only. */
export function unusable(name: string, problem: string): OperatorError {
  return new OperatorError("CONFIGURATION_INVALID", `The secret "${name}" ${problem}.`, { field: "secrets" });
}

async function fetchSecret(name: string, fetch: () => unknown, signal: AbortSignal): Promise<unknown> {
  try {
    return await unlessAborted(Promise.resolve(fetch()), signal);
  } catch (error) {
    if (signal.aborted || isTidegateError(error)) throw error;
    // Neither message nor cause: what a vault's client says may hold what it was asked for.
    const code = (error as { code?: unknown } | null)?.code;
    throw unusable(name, `could not be had${typeof code === "string" ? ` (${code})` : ""}`);
  }
}
