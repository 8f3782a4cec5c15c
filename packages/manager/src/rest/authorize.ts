import type { FastifyRequest } from "fastify";
import { bearerToken, isSameSecret } from "../credentials/bearer.js";
import { HttpError } from "../errors/http-error.js";

/**
 * Access control of the REST interface: a bearer token, or a function. The function returns whether the
 * request is allowed; it may also throw an error with a `statusCode` of its own.
 */
export type Authorize =
  | { readonly token: string }
  | ((request: FastifyRequest) => boolean | Promise<boolean>);

/** Returns a hook that admits allowed requests. @throws HttpError UNAUTHORIZED, FORBIDDEN */
export function authorization(authorize: Authorize): (request: FastifyRequest) => Promise<void> {
  if (typeof authorize === "function") {
    return async (request) => {
      if (!(await authorize(request))) throw new HttpError(403, "FORBIDDEN", "This is not allowed.");
    };
  }
  const { token } = authorize;
  return async ({ headers }) => {
    const given = bearerToken(headers.authorization);
    if (given !== undefined && isSameSecret(given, token)) return;
    throw new HttpError(401, "UNAUTHORIZED", "A valid bearer token is needed.", {
      headers: { "www-authenticate": "Bearer" },
    });
  };
}
