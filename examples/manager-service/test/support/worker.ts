import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpSubmission } from "@tidegate/operator-http";
import { Webhook } from "standardwebhooks";

/** A service that takes jobs, checks who signed them, and calls back when each is done. */
export class Worker {
  /** Every request whose signature was right. */
  readonly taken: HttpSubmission[] = [];
  callbackAddress = "";
  readonly #webhook: Webhook;
  readonly #server: Server;

  constructor(secret: string) {
    this.#webhook = new Webhook(secret);
    this.#server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      try {
        this.#webhook.verify(body, request.headers as Record<string, string>);
      } catch {
        response.writeHead(401).end();
        return;
      }
      const job = JSON.parse(body) as HttpSubmission;
      this.taken.push(job);
      response
        .writeHead(202, { "content-type": "application/json" })
        .end(JSON.stringify({ jobId: job.idempotencyKey, state: "RUNNING" }));
      void this.#report(job.idempotencyKey);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Calls back until it is answered with success, as the manager may be down. */
  async #report(key: string): Promise<void> {
    const body = JSON.stringify({
      idempotencyKey: key,
      jobId: key,
      state: "SUCCEEDED",
      metrics: { rowsRead: 7, rowsWritten: 7 },
    });
    const id = `${key}-end`;
    for (let attempt = 0; attempt < 300 && this.#server.listening; attempt += 1) {
      const now = new Date();
      const headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
        "webhook-signature": this.#webhook.sign(id, now, body),
      };
      const response = await fetch(this.callbackAddress, { method: "POST", headers, body }).catch(
        () => undefined,
      );
      if (response?.ok === true) return;
      // The manager is being restarted; a real worker would wait longer.
      await sleep(100);
    }
  }
}
