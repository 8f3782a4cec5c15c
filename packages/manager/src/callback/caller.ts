import { createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ConfigurationError } from "@tidegate/core";
import {
  groupKeys,
  groupToken,
  isSignedBy,
  SECRET_FORM,
  signedMessage,
  UNSIGNED,
  type WebhookKey,
  webhookKeys,
} from "@tidegate/webhook";
import { bearerToken, isSameSecret, isToken } from "../credentials/bearer.js";
import { HttpError } from "../errors/http-error.js";
import { groupNamedIn } from "./body.js";

/**
 * Credentials of a scheduler: either a secret for signatures (Standard Webhooks), `whsec_` and base64 of 24
 * to 64 bytes, two with a space between them during a rotation; or a bearer token of at least 16 visible
 * characters. Credentials that `groupSecret` and `groupToken` of `@tidegate/webhook` derive from either are
 * valid for one group.
 */
export type CallbackCredentials = { readonly secret: string } | { readonly token: string };

/** A scheduler that may call. */
export interface Caller {
  readonly engine: string;
  /**
   * Accepts the engine's credentials, and those of the group that the body names.
   *
   * @throws HttpError SIGNATURE_INVALID, UNAUTHORIZED
   */
  authenticate(headers: IncomingHttpHeaders, body: Buffer, now: number): void;
  /** Returns the key of a run's status address: it cannot be guessed, and gives access to nothing else. */
  statusKey(runId: string): string;
  isStatusKey(runId: string, key: string): boolean;
}

/**
 * Returns the caller of an engine name.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID, which names the engine and never shows the value
 */
export function callerOf(engine: string, credentials: CallbackCredentials, toleranceMs: number): Caller {
  const field = `callbacks.${engine}`;
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(engine)) {
    throw new ConfigurationError(
      "CONFIGURATION_INVALID",
      "callbacks: names must be 1 to 64 of letters, digits and _ . -.",
      {
        field: "callbacks",
      },
    );
  }
  if ("token" in credentials) {
    const { token } = credentials;
    if (isToken(token)) return { engine, ...statusKeys(engine, [token]), authenticate: byToken(token) };
    throw unfit(field, "token must be 16 or more visible characters");
  }
  const keys = typeof credentials.secret === "string" ? webhookKeys(credentials.secret) : undefined;
  if (keys === undefined) {
    throw unfit(field, `secret ${SECRET_FORM}`);
  }
  const values = credentials.secret.split(" ").filter((value) => value !== "");
  return { engine, ...statusKeys(engine, values), authenticate: bySignature(keys, toleranceMs) };
}

function byToken(token: string): Caller["authenticate"] {
  return ({ authorization }, body) => {
    const given = bearerToken(authorization);
    if (given !== undefined) {
      if (isSameSecret(given, token)) return;
      const groupId = groupNamedIn(body);
      if (groupId !== undefined && isSameSecret(given, groupToken(token, groupId))) return;
    }
    throw new HttpError(401, "UNAUTHORIZED", "This engine's bearer token is needed, or the group's.", {
      headers: { "www-authenticate": "Bearer" },
    });
  };
}

function bySignature(keys: readonly WebhookKey[], toleranceMs: number): Caller["authenticate"] {
  return (headers, rawBody, now) => {
    const message = signedMessage({ headers, rawBody }, { now, toleranceMs });
    if (typeof message === "string") throw unsigned(message);
    if (isSignedBy(keys, message)) return;
    const groupId = groupNamedIn(rawBody);
    if (groupId === undefined || !isSignedBy(groupKeys(keys, groupId), message)) throw unsigned(UNSIGNED);
  };
}

function unsigned(fault: string): HttpError {
  return new HttpError(401, "SIGNATURE_INVALID", `${fault}.`);
}

/** Keys are made with the newest secret, and accepted with any. */
function statusKeys(engine: string, secrets: readonly string[]): Pick<Caller, "statusKey" | "isStatusKey"> {
  const keyOf = (secret: string, runId: string): string =>
    createHmac("sha256", secret).update(`tidegate status\n${engine}\n${runId}`).digest("base64url");
  return {
    statusKey: (runId) => keyOf(secrets[0]!, runId),
    isStatusKey: (runId, key) => secrets.some((secret) => isSameSecret(key, keyOf(secret, runId))),
  };
}

function unfit(field: string, problem: string): ConfigurationError {
  return new ConfigurationError("CONFIGURATION_INVALID", `${field}: ${problem}.`, { field });
}
