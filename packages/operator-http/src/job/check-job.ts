import { invalidJob } from "@tidegate/operator-kit";
import type { AddressGuard } from "../address/address-guard.js";
import type { Secrets } from "../secrets/secrets.js";
import type { HttpJob } from "./job.js";
import { secretReferences } from "./secret-references.js";
import { sampleUrl } from "./url-template.js";

/** The features that the operator allows jobs to use. */
export interface JobLimits {
  readonly guard: AddressGuard;
  readonly secrets: Secrets;
  /** Names of the secrets that may sign callbacks. */
  readonly callbackSecrets: readonly string[];
}

const ADDRESSES = ["url", "statusUrl", "findUrl", "cancelUrl"] as const;

/**
 * Checks that this operator can run a valid job: its addresses are allowed, and its secrets are known and may
 * be used there. Names are not resolved here; their addresses are checked at each connection.
 *
 * @throws OperatorError ADDRESS_NOT_ALLOWED with the field and the host
 * @throws OperatorError JOB_INVALID with the field that names an unknown secret
 * @throws OperatorError SECRET_NOT_ALLOWED with the field that names a secret for another use or another host
 */
export function checkJob(job: HttpJob, { guard, secrets, callbackSecrets }: JobLimits): void {
  const urls = ADDRESSES.flatMap((field) => {
    const address = job[field];
    return address === undefined ? [] : [{ field, url: sampleUrl(address) }];
  });
  for (const { field, url } of urls) guard.checkUrl(url, `job.${field}`);
  const references = secretReferences(job);
  for (const { field, name } of references) {
    if (!secrets.has(name)) throw invalidJob(field, `the operator has no secret "${name}"`);
  }
  const { secretRef, completion } = job;
  if (completion === "callback" && !callbackSecrets.includes(secretRef ?? "")) {
    throw invalidJob(
      "job.secretRef",
      `callbacks may not be signed with "${secretRef}" (option callbacks.secrets)`,
    );
  }
  for (const reference of references) {
    for (const { url } of urls) secrets.check(reference, url);
  }
}
