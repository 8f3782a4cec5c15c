import { connect } from "node:net";
import type { SeaTunnelServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";

/** What the server itself says of a job, asked past the operator. */
export interface SeenJob {
  readonly jobId: string;
  readonly jobName: string;
  readonly jobStatus: string;
  readonly metrics?: { readonly SourceReceivedCount?: string };
}

const ROOT = "/hazelcast/rest/maps";

/** All jobs of a server whose names contain a text, the running ones first. */
export async function jobsNamed(server: SeaTunnelServer, part: string): Promise<SeenJob[]> {
  const lists = await Promise.all(["running-jobs", "finished-jobs"].map((list) => listed(server, list)));
  return lists.flat().filter(({ jobName }) => jobName.includes(part));
}

/** The server answers with an error while a job is just being started. */
async function listed(server: SeaTunnelServer, list: string): Promise<SeenJob[]> {
  const response = await fetch(`${server.url}${ROOT}/${list}`);
  const answer = (await response.json()) as SeenJob[] | object;
  return Array.isArray(answer) ? answer : listed(server, list);
}

/**
 * Resolves when a job has read rows: SeaTunnel 2.3.4 leaves one that is told to stop before CANCELING for ever.
 *
 * @param part - of its name
 */
export async function untilItReads(server: SeaTunnelServer, part: string): Promise<void> {
  const hasRead = async () => {
    const [job] = await jobsNamed(server, part);
    return Number(job?.metrics?.SourceReceivedCount ?? 0) > 0;
  };
  await until(hasRead, { what: "the first row of the job" });
}

/** Whether the server runs nothing, so that its lists stay as they are. */
export async function isIdle(server: SeaTunnelServer): Promise<boolean> {
  return (await listed(server, "running-jobs")).length === 0;
}

/** Stops a job as a person does, with a request of their own. */
export async function stopByHand(server: SeaTunnelServer, jobId: string): Promise<void> {
  const body = `{"jobId":${jobId},"isStopWithSavePoint":false}`;
  await fetch(`${server.url}${ROOT}/stop-job`, { method: "POST", body });
}

/** How many bytes the server answers to the two questions that precede a submission. */
export async function bytesOfLists(server: SeaTunnelServer): Promise<number> {
  const sizes = await Promise.all(["running-jobs", "finished-jobs"].map((list) => bytesOf(server, list)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The whole answer, its head included. */
function bytesOf(server: SeaTunnelServer, list: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      answer += bytes;
      const [head = "", body] = answer.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body === undefined || Buffer.byteLength(body, "latin1") < length) return;
      socket.destroy();
      resolve(answer.length);
    });
    socket.write(`GET ${ROOT}/${list} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  });
}
