import { ConfigurationError } from "@tidegate/core";
import type { FastifyRequest } from "fastify";
import { bearerToken, isSameSecret, isToken } from "../credentials/bearer.js";
import { HttpError } from "../errors/http-error.js";
import { admit, ROLES, type Role } from "./roles.js";

/**
 * Access control of the REST interface: bearer tokens, or a function.
 *
 * `token` admits admins; `tokens` has those of lesser roles. The function returns the role of the request, or whether it
 * is allowed, as an admin's then; it may also throw an error with a `statusCode` of its own.
 */
export type Authorize =
  | { readonly token: string; readonly tokens?: Readonly<Partial<Record<Exclude<Role, "admin">, string>>> }
  | ((request: FastifyRequest) => boolean | Role | Promise<boolean | Role>);

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending token's field */
export function checkTokens(authorize: Authorize | undefined): void {
  if (typeof authorize !== "object") return;
  const given = [["token", authorize.token], ...tokensOf(authorize)] as const;
  for (const [name, token] of given) {
    if (isToken(token)) continue;
    const field = `authorize.${name}`;
    throw new ConfigurationError(
      "CONFIGURATION_INVALID",
      `${field}: must be 16 or more visible characters.`,
      {
        field,
      },
    );
  }
  for (const [name] of tokensOf(authorize)) {
    if (ROLES.some((role) => name === `tokens.${role}` && role !== "admin")) continue;
    const field = `authorize.${name}`;
    throw new ConfigurationError("CONFIGURATION_INVALID", `${field}: must be viewer, operator or editor.`, {
      field,
    });
  }
}

/** Returns a hook that admits requests whose role covers their operation. @throws HttpError UNAUTHORIZED, FORBIDDEN */
export function authorization(authorize: Authorize): (request: FastifyRequest) => Promise<void> {
  const roleOf = typeof authorize === "function" ? byFunction(authorize) : byToken(authorize);
  return async (request) => admit(request, await roleOf(request));
}

function byFunction(authorize: Extract<Authorize, (...args: never) => unknown>) {
  return async (request: FastifyRequest): Promise<Role> => {
    const answer = await authorize(request);
    if (answer === true) return "admin";
    const role = ROLES.find((each) => each === answer);
    if (role === undefined) throw new HttpError(403, "FORBIDDEN", "This is not allowed.");
    return role;
  };
}

function byToken(authorize: Extract<Authorize, { token: string }>) {
  const byRole = [["admin", authorize.token], ...Object.entries(authorize.tokens ?? {})] as [Role, string][];
  return async ({ headers }: FastifyRequest): Promise<Role> => {
    const given = bearerToken(headers.authorization);
    // All are compared, so that the time says nothing.
    const found = byRole.filter(([, token]) => given !== undefined && isSameSecret(given, token));
    if (found[0] !== undefined) return found[0][0];
    throw new HttpError(401, "UNAUTHORIZED", "A valid bearer token is needed.", {
      headers: { "www-authenticate": "Bearer" },
    });
  };
}

function tokensOf({ tokens = {} }: Extract<Authorize, { token: string }>): [name: string, token: unknown][] {
  return Object.entries(tokens).map(([role, token]) => [`tokens.${role}`, token]);
}
