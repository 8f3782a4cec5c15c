/**
 * Content of the operator's job ids: the service's id, and the status address if the service chose it.
 * Another process that waits for the job has nothing else.
 */
export interface JobHandle {
  readonly id: string;
  readonly statusUrl?: string;
}

/** Formats the id under which the ledger keeps a job: `id`, or `id statusUrl`; an id has no spaces. */
export function formatHandle({ id, statusUrl }: JobHandle): string {
  return statusUrl === undefined ? id : `${id} ${statusUrl}`;
}

export function parseHandle(jobId: string): JobHandle {
  const [id = "", statusUrl] = jobId.split(" ");
  return { id, ...(statusUrl === undefined ? {} : { statusUrl }) };
}
