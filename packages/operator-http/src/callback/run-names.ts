import type { OfflineJobRequest } from "@tidegate/core/operator";

/** Reference to a run in a callback: either field is enough. */
export type RunReference = { readonly idempotencyKey: string } | { readonly runId: string };

/**
 * Returns a run's name for one signer. The name includes the signer, so that a service can end the jobs of
 * schedules that name its secret, and no others.
 *
 * @param signer - the name of the secret
 */
export function runName(signer: string, run: RunReference): string {
  return "idempotencyKey" in run ? `${signer} key ${run.idempotencyKey}` : `${signer} run ${run.runId}`;
}

/** Returns all names by which a signer may refer to the run of a request. */
export function runNames(signer: string, { idempotencyKey, runId }: OfflineJobRequest): string[] {
  return [runName(signer, { idempotencyKey }), runName(signer, { runId })];
}
