import { OperatorError } from "@tidegate/core";
import { readSecret } from "@tidegate/operator-kit";
import { Redactor } from "@tidegate/rest-client";
import type { SecretUse } from "./secret.js";
import { isSigningKey, type SecretRule, secretProblem } from "./secret-rules.js";

/** A request's reference to a secret. */
export interface SecretReference {
  readonly name: string;
  readonly use: SecretUse;
  /** The field with the name, such as `job.secretRef`. */
  readonly field: string;
}

const MIN_LENGTH = 8;

/** Secrets by name. Their values appear only in what is sent. */
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
   * Checks a known secret as far as possible without fetching its value.
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
   * Returns the value of a secret for a request to `url`.
   *
   * @throws OperatorError SECRET_NOT_ALLOWED when the secret is not for this use or this host
   * @throws OperatorError CONFIGURATION_INVALID when there is no such secret, or it cannot be read or used
   * @throws the signal's reason when it is aborted first
   */
  async resolveFor(reference: SecretReference, url: URL, signal: AbortSignal): Promise<string> {
    this.check(reference, url);
    const value = await this.resolve(reference.name, signal);
    refuseSigningKey(reference, this.#byName.get(reference.name), value);
    return value;
  }

  /**
   * Returns the value of a secret that is not sent.
   *
   * @throws OperatorError CONFIGURATION_INVALID when there is no such secret, or it cannot be read or used
   * @throws the signal's reason when it is aborted first
   */
  async resolve(name: string, signal: AbortSignal): Promise<string> {
    const source = this.#byName.get(name)?.source;
    if (source === undefined) throw unusable(name, "is not among the operator's secrets");
    const value = await readSecret(name, source, signal);
    if (value.length < MIN_LENGTH || !/^[\x20-\x7e]+$/.test(value)) {
      throw unusable(name, `must be at least ${MIN_LENGTH} characters of visible ASCII`);
    }
    this.#redactor.remember(name, value);
    return value;
  }

  /** Redacts the secrets resolved so far from a text: a service may echo what it was sent. */
  redact(text: string): string {
    return this.#redactor.redact(text);
  }
}

/** Returns the error for an unusable secret, with only its name. */
export function unusable(name: string, problem: string): OperatorError {
  return new OperatorError("CONFIGURATION_INVALID", `The secret "${name}" ${problem}.`, { field: "secrets" });
}

function notAllowed(field: string, name: string, problem: string): OperatorError {
  return new OperatorError("SECRET_NOT_ALLOWED", `${field}: the secret "${name}" ${problem}.`, { field });
}

/** A plain secret's use follows from its form; a bound one's is declared. */
function refuseSigningKey(
  { name, use, field }: SecretReference,
  rule: SecretRule | undefined,
  value: string,
): void {
  if (use === "signing" || rule?.use !== undefined || !isSigningKey(value)) return;
  throw notAllowed(field, name, "is a signing key, which must not be sent");
}
