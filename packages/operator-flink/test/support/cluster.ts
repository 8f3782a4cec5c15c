import { get } from "node:http";
import type { FlinkServer } from "@tidegate/test-servers";

/** The states of all jobs that a cluster knows, by id. */
export async function jobsOf({ url }: FlinkServer): Promise<Map<string, string>> {
  const { jobs } = (await (await fetch(`${url}/jobs`)).json()) as { jobs: { id: string; status: string }[] };
  return new Map(jobs.map(({ id, status }) => [id, status]));
}

/** Whether a cluster counts what the sources of a job read; 1.20 does not. */
export function countsReads({ version }: FlinkServer): boolean {
  return !version.startsWith("1.");
}

/** Stops a job as a person does on Flink's pages. */
export async function cancelByHand({ url }: FlinkServer, jobId: string): Promise<void> {
  await fetch(`${url}/jobs/${jobId}?mode=cancel`, { method: "PATCH" });
}

/** How often a job has failed, as far as Flink's pages have it, which may be seconds old. */
export async function failuresOf({ url }: FlinkServer, jobId: string): Promise<number> {
  const answer = await fetch(`${url}/jobs/${jobId}/exceptions`);
  const { exceptionHistory } = (await answer.json()) as { exceptionHistory: { entries: unknown[] } };
  return exceptionHistory.entries.length;
}

/** How many bytes an answer has on its connection, headers and all. */
export async function answerLength(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      const { socket } = response;
      response.resume().on("end", () => resolve(socket.bytesRead));
    }).on("error", reject);
  });
}
