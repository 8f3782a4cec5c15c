import type { AddressInfo } from "node:net";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";

/** What is asked of the stand-in for a cluster. */
export interface StandInOptions {
  /** The context path that a cluster may have. @default none */
  readonly contextPath?: string;
  /** @default nobody has to say who they are */
  readonly credentials?: { readonly username: string; readonly password: string };
}

interface StandInJob {
  readonly jobId: string;
  readonly jobName: string;
  jobStatus: string;
}

/**
 * A stand-in for SeaTunnel's REST API v2, which no server that can be had for tests has. It is not SeaTunnel and runs no
 * job: it holds requests against what SeaTunnel's documentation of 2.3.9 to 2.3.11 says of paths, fields and types, and
 * answers as that says, with the unquoted 64-bit number for a job's id. What it did not expect is in `complaints`.
 */
export class V2StandIn {
  readonly complaints: string[] = [];
  readonly jobs: StandInJob[] = [];
  /** What was submitted, as it came. */
  readonly configs: unknown[] = [];
  /** Why jobs fail. */
  failure = "java.lang.IllegalStateException: out of order";
  readonly #app = Fastify({ forceCloseConnections: true });
  readonly #options: StandInOptions;
  /** Beyond what a double holds exactly. */
  #nextId = 1_176_320_312_615_108_609n;

  private constructor(options: StandInOptions) {
    this.#options = options;
  }

  static async start(options: StandInOptions = {}): Promise<V2StandIn> {
    const standIn = new V2StandIn(options);
    const app = standIn.#app;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "string" }, (_, body, done) => done(null, body));
    app.addHook("onRequest", async (request, reply) => standIn.#authenticate(request, reply));
    const root = options.contextPath ?? "";
    app.get(`${root}/running-jobs`, async () =>
      standIn.#running().map((job) => listed(job, standIn.failure)),
    );
    app.get(`${root}/finished-jobs`, async () => standIn.#ended().map((job) => listed(job, standIn.failure)));
    app.post(`${root}/submit-job`, async (request, reply) => standIn.#submit(request, reply));
    app.post(`${root}/stop-job`, async (request, reply) => standIn.#stop(request, reply));
    app.setNotFoundHandler((request, reply) => {
      standIn.complaints.push(`${request.method} ${request.url}`);
      return reply.code(404).send();
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return standIn;
  }

  get url(): string {
    const { port } = this.#app.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#options.contextPath ?? ""}`;
  }

  /** Lets a job end. */
  end(jobId: string, jobStatus: "FINISHED" | "FAILED" | "CANCELED"): void {
    const job = this.jobs.find((one) => one.jobId === jobId);
    if (job !== undefined) job.jobStatus = jobStatus;
  }

  close(): Promise<void> {
    return this.#app.close();
  }

  #running(): StandInJob[] {
    return this.jobs.filter(({ jobStatus }) => jobStatus === "RUNNING");
  }

  #ended(): StandInJob[] {
    return this.jobs.filter(({ jobStatus }) => jobStatus !== "RUNNING");
  }

  async #authenticate({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { credentials } = this.#options;
    if (credentials === undefined) return;
    const { username, password } = credentials;
    const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    if (headers.authorization !== expected) await reply.code(401).send();
  }

  #submit({ query, body, headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { jobName, ...others } = query as Record<string, string>;
    const config = JSON.parse(body as string) as Record<string, unknown>;
    this.#expect(typeof jobName === "string" && Object.keys(others).length === 0, "query of submit-job");
    this.#expect(headers["content-type"] === "application/json", "content type of submit-job");
    this.#expect((config.env as Record<string, unknown>)?.["job.mode"] === "BATCH", "job.mode");
    for (const part of ["source", "transform", "sink"]) this.#expect(isPlugins(config[part]), part);
    this.#expect(Object.keys(config).sort().join() === "env,sink,source,transform", "fields of submit-job");
    const jobId = `${this.#nextId}`;
    this.#nextId += 1n;
    this.configs.push(config);
    this.jobs.push({ jobId, jobName: jobName ?? "", jobStatus: "RUNNING" });
    return json(reply, `{"jobId":${jobId},"jobName":${JSON.stringify(jobName)}}`);
  }

  #stop({ body }: FastifyRequest, reply: FastifyReply): FastifyReply {
    const [, jobId = ""] = /^\{"jobId":(\d+),"isStopWithSavePoint":false\}$/.exec(body as string) ?? [];
    this.#expect(jobId !== "", `body of stop-job: ${body}`);
    const job = this.#running().find((one) => one.jobId === jobId);
    if (job !== undefined) job.jobStatus = "CANCELED";
    return json(reply, `{"jobId":${jobId === "" ? 0 : jobId}}`);
  }

  #expect(isMet: boolean, what: string): void {
    if (!isMet) this.complaints.push(what);
  }
}

function listed({ jobId, jobName, jobStatus }: StandInJob, failure: string) {
  const metrics = { SourceReceivedCount: "7", SinkWriteCount: "5", TableSinkWriteCount: { t: "5" } };
  const errorMsg = jobStatus === "FAILED" ? failure : null;
  return { jobId, jobName, jobStatus, createTime: "2026-01-01 00:00:00", jobDag: {}, metrics, errorMsg };
}

function isPlugins(value: unknown): boolean {
  return Array.isArray(value) && value.every(({ plugin_name }) => typeof plugin_name === "string");
}

function json(reply: FastifyReply, text: string): FastifyReply {
  return reply.header("content-type", "application/json;charset=UTF-8").send(text);
}
