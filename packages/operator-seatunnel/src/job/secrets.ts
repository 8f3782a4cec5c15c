import { OperatorError } from "@tidegate/core";

/** A secret, or a function that fetches it at each use, so that a rotated secret needs no restart. */
export type Secret = string | (() => string | Promise<string>);

/** The names allowed for secrets. */
export const SECRET_NAME = /^[A-Za-z0-9_-]{1,64}$/;

const PREFIX = "secret.";

/** Returns the secret that a placeholder such as `secret.orders-db` names; `undefined` if it names none. */
export function secretNameOf(placeholder: string): string | undefined {
  return placeholder.startsWith(PREFIX) ? placeholder.slice(PREFIX.length) : undefined;
}

/**
 * @throws OperatorError CONFIGURATION_INVALID naming the secret that cannot be read, without any of its
 * content
 */
export async function resolveSecrets(
  names: readonly string[],
  secrets: Readonly<Record<string, Secret>>,
): Promise<ReadonlyMap<string, string>> {
  const values = names.map(async (name): Promise<[string, string]> => {
    const value = await valueOfSecret(Object.hasOwn(secrets, name) ? secrets[name] : undefined);
    if (typeof value === "string" && value !== "") return [name, value];
    throw new OperatorError("CONFIGURATION_INVALID", `The secret "${name}" cannot be read.`, {
      field: "secrets",
    });
  });
  return new Map(await Promise.all(values));
}

async function valueOfSecret(secret: Secret | undefined): Promise<unknown> {
  try {
    return typeof secret === "function" ? await secret() : secret;
  } catch {
    // A vault client's error may contain the secret it was asked for.
    return undefined;
  }
}
