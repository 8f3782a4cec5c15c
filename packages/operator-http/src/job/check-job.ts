import type { AddressGuard } from "../address/address-guard.js";
import type { HttpJob } from "./job.js";
import { invalidJob } from "./parse-job.js";
import { sampleUrl } from "./url-template.js";

/** What the operator lets jobs use. */
export interface JobLimits {
  readonly guard: AddressGuard;
  readonly hasSecret: (name: string) => boolean;
  /** Names of the secrets that may sign callbacks. */
  readonly callbackSecrets: readonly string[];
}

const ADDRESSES = ["url", "statusUrl", "findUrl", "cancelUrl"] as const;

/**
 * Whether this operator can carry out a sound job: its addresses are allowed and its secrets are known. Names are not
 * resolved here; what they stand for is checked at each connection.
 *
 * @throws OperatorError ADDRESS_NOT_ALLOWED with the field and the host
 * @throws OperatorError JOB_INVALID with the field that names an unknown secret
 */
export function checkJob(job: HttpJob, { guard, hasSecret, callbackSecrets }: JobLimits): void {
  for (const field of ADDRESSES) {
    const address = job[field];
    if (address !== undefined) guard.checkUrl(sampleUrl(address), `job.${field}`);
  }
  const { secretRef, auth, completion } = job;
  if (secretRef !== undefined && !hasSecret(secretRef)) {
    throw invalidJob("job.secretRef", `the operator has no secret "${secretRef}"`);
  }
  if (auth !== undefined && !hasSecret(auth.secretRef)) {
    throw invalidJob("job.auth.secretRef", `the operator has no secret "${auth.secretRef}"`);
  }
  if (completion === "callback" && !callbackSecrets.includes(secretRef ?? "")) {
    throw invalidJob(
      "job.secretRef",
      `callbacks may not be signed with "${secretRef}" (option callbacks.secrets)`,
    );
  }
}
