import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Fire } from "@tidegate/core/engine";

/** A callback as it came. */
export interface Knock {
  readonly headers: IncomingMessage["headersDistinct"];
  readonly body: string;
}

/** What a callback is answered with. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const TAKEN: Answer = { status: 202, body: { runId: "1", statusUrl: null, duplicate: false } };

/** A callback door on the loopback that takes everything, groups included that core would refuse, and remembers it. */
export class Door {
  readonly knocks: Knock[] = [];
  /** The fires that were taken. */
  readonly fires: Fire[] = [];
  /** Answers instead, where it is set. */
  answer: ((knock: Knock) => Answer) | undefined;
  /** Answers `GET`, as the status address of a run does. */
  status: ((path: string) => unknown) | undefined;
  readonly #engineType: string;
  readonly #server: Server;

  private constructor(engineType: string, server: Server) {
    this.#engineType = engineType;
    this.#server = server;
  }

  static async open(engineType: string): Promise<Door> {
    const server = createServer();
    const door = new Door(engineType, server);
    server.on("request", async (request, response) => {
      const { status, body, headers } = await door.#answered(request);
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return door;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/engines/${this.#engineType}/callbacks`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answered(request: IncomingMessage): Promise<Answer> {
    if (request.method === "GET") return { status: 200, body: this.status?.(request.url ?? "") };
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const knock = { headers: request.headersDistinct, body: Buffer.concat(chunks).toString() };
    this.knocks.push(knock);
    const answer = this.answer?.(knock) ?? TAKEN;
    if (answer.status < 300) this.fires.push(JSON.parse(knock.body));
    return answer;
  }
}
