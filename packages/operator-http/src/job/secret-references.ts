import type { SecretReference } from "../secrets/secrets.js";
import type { HttpJob, HttpJobAuth } from "./job.js";

/** Returns the secrets that a job names, each with its use. */
export function secretReferences({ secretRef, auth }: HttpJob): SecretReference[] {
  return [
    ...(secretRef === undefined ? [] : [signerOf(secretRef)]),
    ...(auth === undefined ? [] : [credentialOf(auth)]),
  ];
}

export function signerOf(secretRef: string): SecretReference {
  return { field: "job.secretRef", name: secretRef, use: "signing" };
}

export function credentialOf({ secretRef, scheme, header }: HttpJobAuth): SecretReference {
  const use = header !== undefined ? "header" : scheme === "Basic" ? "basic" : "bearer";
  return { field: "job.auth.secretRef", name: secretRef, use };
}
