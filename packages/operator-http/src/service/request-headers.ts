import type { EpochMs } from "@tidegate/core";
import { signatureHeaders } from "@tidegate/webhook";
import type { HttpJobAuth } from "../job/job.js";
import { credentialOf, signerOf } from "../job/secret-references.js";
import type { SecretReference, Secrets } from "../secrets/secrets.js";
import { signingKeys } from "../secrets/signing.js";
import type { Call } from "./call.js";

/** Purpose of a request. */
export type Purpose = "submit" | "status" | "find" | "cancel";

/**
 * Returns the headers of a request: the job's own, the credential, and the signature over the body's bytes.
 *
 * A submission's `webhook-id` is the run's key in every attempt, so that a service that knows Standard
 * Webhooks recognizes a repetition. Other requests have their own ids, so that they are not mistaken for it.
 *
 * @throws OperatorError CONFIGURATION_INVALID
 * @throws OperatorError SECRET_NOT_ALLOWED
 */
export async function requestHeaders(
  { request, job }: Call,
  message: { readonly purpose: Purpose; readonly url: URL; readonly body: string; readonly at: EpochMs },
  secrets: Secrets,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const key = request.idempotencyKey;
  const { purpose, url, body, at } = message;
  const id = purpose === "submit" ? key : `${key}-${purpose}`;
  const secretFor = (reference: SecretReference) => secrets.resolveFor(reference, url, signal);
  return {
    accept: "application/json",
    // Without this header any coding would be acceptable; compressed responses are read all the same.
    "accept-encoding": "identity",
    "user-agent": "tidegate-operator-http",
    ...lowerCaseNames(job.headers ?? {}),
    ...(body === "" ? {} : { "content-type": "application/json" }),
    ...(purpose === "submit" ? { "idempotency-key": key } : {}),
    ...(job.auth === undefined ? {} : authHeader(job.auth, await secretFor(credentialOf(job.auth)))),
    ...(job.secretRef === undefined
      ? {}
      : signatureHeaders(signingKeys(job.secretRef, await secretFor(signerOf(job.secretRef))), {
          id,
          at,
          body,
        })),
  };
}

function authHeader({ scheme, header }: HttpJobAuth, secret: string): Record<string, string> {
  if (header !== undefined) return { [header.toLowerCase()]: secret };
  if (scheme === "Basic") return { authorization: `Basic ${Buffer.from(secret).toString("base64")}` };
  return { authorization: `Bearer ${secret}` };
}

/** Header names are lower-cased, so that what the operator sets replaces what the job says. */
function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
