import type { OfflineJobRequest } from "@tidegate/core";

/** How a callback names its run: either is enough. */
export type RunReference = { readonly idempotencyKey: string } | { readonly runId: string };

/**
 * A run as one signer may name it. The signer is a part of the name, so that a service can end the jobs of schedules
 * that name its secret, and no others.
 *
 * @param signer - the name of the secret
 */
export function runName(signer: string, run: RunReference): string {
  return "idempotencyKey" in run ? `${signer} key ${run.idempotencyKey}` : `${signer} run ${run.runId}`;
}

/** All names by which a signer may mean the run of a request. */
export function runNames(signer: string, { idempotencyKey, runId }: OfflineJobRequest): string[] {
  return [runName(signer, { idempotencyKey }), runName(signer, { runId })];
}
