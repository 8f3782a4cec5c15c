import { isTidegateError, OperatorError } from "@tidegate/core";
import { unlessAborted } from "@tidegate/core/clock";
import { z } from "zod";

/** A secret's value, or a function that fetches it at each use, so that a rotated secret needs no restart. */
export type Secret = string | (() => string | Promise<string>);

/** The names allowed for secrets. */
export const SECRET_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Schema of a secret's name. */
export const secretName = z.string().regex(SECRET_NAME, "must be 1 to 64 of letters, digits and _ . -");

/** Schema of an operator's option `secrets`. Its messages never show a value. */
export const secretsSchema = z
  .record(secretName, z.custom<Secret>(isSecret, "must be a string or a function"))
  .default({});

/** Returns whether a value has the form of a secret. */
export function isSecret(value: unknown): value is Secret {
  return typeof value === "string" || typeof value === "function";
}

/** Returns the error for a secret that cannot be read, with its name alone. @param code - the system's */
export function unreadableSecret(name: string, code?: string): OperatorError {
  const message = `The secret "${name}" cannot be read${code === undefined ? "" : ` (${code})`}.`;
  return new OperatorError("CONFIGURATION_INVALID", message, { field: "secrets" });
}

/**
 * Returns a secret's value.
 *
 * @throws OperatorError CONFIGURATION_INVALID when it cannot be read, or is empty; Tidegate's own errors pass
 * @throws the signal's reason when it is aborted first
 */
export async function readSecret(
  name: string,
  secret: Secret | undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const value = typeof secret === "function" ? await fetched(name, secret, signal) : secret;
  if (typeof value !== "string" || value === "") throw unreadableSecret(name);
  return value;
}

/** Returns the values of several secrets by name. @throws as `readSecret` */
export async function readSecrets(
  names: readonly string[],
  secrets: Readonly<Record<string, Secret>>,
): Promise<ReadonlyMap<string, string>> {
  const read = async (name: string) =>
    [name, await readSecret(name, Object.hasOwn(secrets, name) ? secrets[name] : undefined)] as const;
  return new Map(await Promise.all([...new Set(names)].map(read)));
}

async function fetched(name: string, fetch: () => unknown, signal: AbortSignal): Promise<unknown> {
  try {
    return await unlessAborted(Promise.resolve(fetch()), signal);
  } catch (error) {
    if (signal.aborted || isTidegateError(error)) throw error;
    // Neither message nor cause: a vault client's error may contain the secret it was asked for.
    const code = (error as { code?: unknown } | null)?.code;
    throw unreadableSecret(name, typeof code === "string" ? code : undefined);
  }
}
