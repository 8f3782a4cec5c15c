import { readFile } from "node:fs/promises";
import { isSecret, type Secret } from "@tidegate/operator-kit";
import { z } from "zod";
import { type HostPattern, namesHost } from "../address/host-pattern.js";
import type { BoundSecret, SecretUse } from "./secret.js";

/** A secret's source and its permitted use. */
export interface SecretRule {
  readonly source: Secret;
  /** `undefined` for a plain secret, which signs, and is sent unless it is a signing key. */
  readonly use: SecretUse | undefined;
  /** The hosts that it may be sent to; for a signing secret, the hosts that may get its signatures. */
  readonly hosts: readonly HostPattern[] | "any";
}

const boundSecret = z
  .strictObject({
    value: z.custom<Secret>(isSecret, "must be a string or a function").optional(),
    env: z.string().min(1).optional(),
    file: z.string().min(1).optional(),
    use: z.enum(["signing", "bearer", "basic", "header"]),
    hosts: z.array(z.string()).min(1).optional(),
  })
  .refine(({ value, env, file }) => [value, env, file].filter((each) => each !== undefined).length === 1, {
    message: "must have exactly one of value, env and file",
  });

/** The shape of a secret in the options. Its messages never repeat a value. */
export const secretShape = z.unknown().superRefine((given, context) => {
  if (isSecret(given)) return;
  if (typeof given !== "object" || given === null) {
    context.addIssue("must be a string, a function or an object with value, env or file, and use");
    return;
  }
  for (const { path, message } of boundSecret.safeParse(given).error?.issues ?? []) {
    context.addIssue({ code: "custom", path, message });
  }
});

/**
 * Returns the rule of a secret.
 *
 * @param hosts - the secret's own `hosts`, if it has any
 * @param onlyHost - the one host that jobs may call, if there is exactly one
 * @returns `undefined` if the secret is to be sent, but it is unknown to which hosts
 */
export function secretRule(
  secret: Secret | BoundSecret,
  hosts: readonly HostPattern[] | undefined,
  onlyHost: HostPattern | undefined,
): SecretRule | undefined {
  const only = onlyHost === undefined ? undefined : [onlyHost];
  if (isSecret(secret)) return { source: secret, use: undefined, hosts: only ?? [] };
  const { use } = secret;
  const bound = hosts ?? (use === "signing" ? "any" : only);
  return bound === undefined ? undefined : { source: sourceOf(secret), use, hosts: bound };
}

/** Returns why a secret may not be used this way in a request to `url`; `undefined` if it may. */
export function secretProblem({ use, hosts }: SecretRule, wanted: SecretUse, url: URL): string | undefined {
  if (use === undefined && wanted === "signing") return undefined;
  if (use !== undefined && use !== wanted) return `is for ${use}, not for ${wanted}`;
  if (hosts === "any" || namesHost(hosts, url)) return undefined;
  return use === undefined
    ? "is not bound to a host; give it as { value, use, hosts }"
    : `may not be used for "${url.host}" (its hosts)`;
}

/**
 * Returns whether a value is one or several Standard Webhooks keys: sending one would let the recipient sign.
 */
export function isSigningKey(value: string): boolean {
  return value.split(/\s+/).some((each) => each.startsWith("whsec_"));
}

function sourceOf({ value, env, file }: BoundSecret): Secret {
  if (value !== undefined) return value;
  if (env !== undefined) return () => process.env[env] ?? "";
  return async () => (await readFile(file ?? "", "utf8")).replace(/\r?\n$/, "");
}
