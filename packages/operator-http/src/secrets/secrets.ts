import { isTidegateError, OperatorError } from "@tidegate/core";
import { Redactor, unlessAborted } from "@tidegate/rest-client";
import type { SecretUse } from "./secret.js";
import { isSigningKey, type SecretRule, secretProblem } from "./secret-rules.js";

/** A secret as a request needs it. */
export interface SecretReference {
  readonly name: string;
  readonly use: SecretUse;
  /** The field that holds the name, such as `job.secretRef`. */
  readonly field: string;
}

const MIN_LENGTH = 8;

/** Secrets by name. Their values appear in what is sent and nowhere else. */
export class Secrets {
  readonly #byName: ReadonlyMap<string, SecretRule>;
  readonly #redactor = new Redactor();

  constructor(byName: ReadonlyMap<string, SecretRule>) {
    this.#byName = byName;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * Checks all that can be told of a secret that is known before its value is fetched.
   *
   * @throws OperatorError SECRET_NOT_ALLOWED with the field, when the secret is not for this use or this host
   */
  check({ name, use, field }: SecretReference, url: URL): void {
    const rule = this.#byName.get(name);
    const problem = rule === undefined ? undefined : secretProblem(rule, use, url);
    if (problem !== undefined) throw notAllowed(field, name, problem);
    if (typeof rule?.source === "string") refuseSigningKey({ name, use, field }, rule, rule.source);
  }

  /**
   * The value of a secret for a request to `url`.
   *
   * @throws OperatorError SECRET_NOT_ALLOWED when the secret is not for this use or this host
   * @throws OperatorError CONFIGURATION_INVALID when there is no such secret, or it cannot be read or used
   * @throws the signal's reason when it is aborted before
   */
  async resolveFor(reference: SecretReference, url: URL, signal: AbortSignal): Promise<string> {
    this.check(reference, url);
    const value = await this.resolve(reference.name, signal);
    refuseSigningKey(reference, this.#byName.get(reference.name), value);
    return value;
  }

  /**
   * The value of a secret, for what is not sent.
   *
   * @throws OperatorError CONFIGURATION_INVALID when there is no such secret, or it cannot be read or used
   * @throws the signal's reason when it is aborted before
   */
  async resolve(name: string, signal: AbortSignal): Promise<string> {
    const source = this.#byName.get(name)?.source;
    if (source === undefined) throw unusable(name, "is not among the operator's secrets");
    const value = typeof source === "string" ? source : await fetchSecret(name, source, signal);
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

function notAllowed(field: string, name: string, problem: string): OperatorError {
  return new OperatorError("SECRET_NOT_ALLOWED", `${field}: the secret "${name}" ${problem}.`, { field });
}

/** A plain secret is for whatever its form says; a bound one is for what it is bound to. */
function refuseSigningKey(
  { name, use, field }: SecretReference,
  rule: SecretRule | undefined,
  value: string,
): void {
  if (use === "signing" || rule?.use !== undefined || !isSigningKey(value)) return;
  throw notAllowed(field, name, "is a signing key, which must not be sent");
}

async function fetchSecret(name: string, fetch: () => unknown, signal: AbortSignal): Promise<unknown> {
  try {
    return await unlessAborted(Promise.resolve(fetch()), signal);
  } catch (error) {
    if (signal.aborted || isTidegateError(error)) throw error;
    // Neither message nor cause: what a vault's client says may hold what it was asked for.
    const code = (error as { code?: unknown } | null)?.code;
    throw unusable(name, `cannot be read${typeof code === "string" ? ` (${code})` : ""}`);
  }
}
