/**
 * What the operator's job ids hold: the service's id, and the status address where the service chose it. Nothing else is
 * left of a job when another process waits for it.
 */
export interface JobHandle {
  readonly id: string;
  readonly statusUrl?: string;
}

/** The id under which the ledger keeps a job: `id`, or `id statusUrl`; an id has no spaces. */
export function formatHandle({ id, statusUrl }: JobHandle): string {
  return statusUrl === undefined ? id : `${id} ${statusUrl}`;
}

export function parseHandle(jobId: string): JobHandle {
  const [id = "", statusUrl] = jobId.split(" ");
  return { id, ...(statusUrl === undefined ? {} : { statusUrl }) };
}
