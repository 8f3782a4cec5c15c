import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { signatureHeaders, webhookKeys } from "@tidegate/webhook";
import { Cron } from "croner";
import type { Job } from "../../src/job.js";

const RETRY_MS = 500;

/** A timer may go off a little early. */
const EARLY_MS = 50;

/**
 * A scheduler of its own, which knows nothing of Tidegate: it keeps jobs, and posts when their crons say so, signed with a
 * secret that only it and the receiver know. A post that is not accepted is repeated.
 */
export class Cronpost {
  readonly #server: Server;
  readonly #keys: NonNullable<ReturnType<typeof webhookKeys>>;
  readonly #jobs = new Map<string, { readonly job: Job; readonly timers: readonly Cron[] }>();
  readonly #repeats = new Set<NodeJS.Timeout>();

  private constructor(secret: string) {
    this.#keys = webhookKeys(secret)!;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((answer) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(answer));
      });
    });
    // A connection that it closed at the moment of a request would fail that request.
    this.#server.keepAliveTimeout = 0;
  }

  static async start(secret: string): Promise<Cronpost> {
    const cronpost = new Cronpost(secret);
    cronpost.#server.listen(0, "127.0.0.1");
    await once(cronpost.#server, "listening");
    return cronpost;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  remove(name: string): void {
    for (const timer of this.#jobs.get(name)?.timers ?? []) timer.stop();
    this.#jobs.delete(name);
  }

  async dispose(): Promise<void> {
    for (const name of [...this.#jobs.keys()]) this.remove(name);
    for (const repeat of this.#repeats) clearTimeout(repeat);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    const name = decodeURIComponent(pathname.replace(/^\/jobs\/?/, ""));
    if (request.method === "PUT") this.#put(name, (await bodyOf(request)) as Job);
    else if (request.method === "DELETE") this.remove(name);
    else return this.#listed(searchParams.get("prefix") ?? "");
    return {};
  }

  #listed(prefix: string): Job[] {
    return [...this.#jobs].filter(([name]) => name.startsWith(prefix)).map(([, { job }]) => job);
  }

  #put(name: string, job: Job): void {
    this.remove(name);
    const { crons, timezone, startMs, endMs, firesNow } = job;
    const bounds = { startAt: new Date(startMs), ...(endMs === null ? {} : { stopAt: new Date(endMs) }) };
    const timers = crons.map(
      (cron) => new Cron(cron, { timezone, ...bounds }, () => this.#goOff(name, job, Date.now())),
    );
    this.#jobs.set(name, { job, timers });
    if (firesNow) this.#goOff(name, job, Date.now());
  }

  #goOff(name: string, job: Job, at: number): void {
    const tick = Math.floor((at + EARLY_MS) / 1_000) * 1_000;
    this.#later(job.nominal.waitMs, () => this.#post(name, job, nominalOf(tick, job)));
  }

  #later(ms: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#repeats.delete(timer);
      void work();
    }, ms);
    this.#repeats.add(timer);
  }

  async #post(name: string, job: Job, scheduledTime: number): Promise<void> {
    if (this.#jobs.get(name)?.job !== job) return;
    const body = JSON.stringify({ groupId: job.post.groupId, scheduledTime });
    const signature = signatureHeaders(this.#keys, { id: randomUUID(), at: Date.now(), body });
    const headers = { "content-type": "application/json", ...signature };
    const answer = await fetch(job.post.url, { method: "POST", headers, body }).catch(() => undefined);
    if (answer?.ok !== true) this.#later(RETRY_MS, () => this.#post(name, job, scheduledTime));
  }
}

/** The nominal time that a tick stands for. */
function nominalOf(tick: number, { nominal: { offsetMs, period, instants, lastMs } }: Job): number {
  const at = Math.min(tick - offsetMs, lastMs ?? Number.POSITIVE_INFINITY);
  if (period !== null)
    return period.anchorMs + Math.floor((at - period.anchorMs) / period.everyMs) * period.everyMs;
  return instants.findLast((instant) => instant <= at) ?? at;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}
