import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AirflowEngine, CallbackResponse } from "../../src/index.js";

/** A callback as it came. */
export interface Knock {
  readonly headers: IncomingMessage["headersDistinct"];
  readonly body: string;
}

/** What answers a callback; that of an engine, or of a test. */
export type Answer = (knock: Knock) => Promise<{ readonly status: number; readonly body: unknown }>;

/** A callback door on the loopback, and behind it the engine of the moment. */
export class Door {
  readonly knocks: Knock[] = [];
  /** Answers before the engine does, where it is set. */
  answer: Answer | undefined;
  /** Answers `GET`, as the status address of a run does. */
  status: ((path: string) => unknown) | undefined;
  #engine: AirflowEngine | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Door> {
    const server = createServer();
    const door = new Door(server);
    server.on("request", async (request, response) => {
      const { status, body } = await door.#answered(request);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/callbacks/airflow`;
  }

  /** The engine as the process makes it that now serves the door. */
  leadsTo(engine: AirflowEngine): AirflowEngine {
    this.#engine = engine;
    return engine;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answered(request: IncomingMessage): Promise<CallbackResponse | { status: number; body: unknown }> {
    if (request.method === "GET") return { status: 200, body: this.status?.(request.url ?? "") };
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const rawBody = Buffer.concat(chunks);
    const knock = { headers: request.headersDistinct, body: rawBody.toString() };
    this.knocks.push(knock);
    if (this.answer !== undefined) return this.answer(knock);
    if (this.#engine === undefined) return { status: 503, body: {} };
    return this.#engine.handleCallback({ headers: request.headersDistinct, rawBody });
  }
}
