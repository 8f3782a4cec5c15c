import { createServer, request, type Server } from "node:http";

/** Passes requests on and notes when each came. */
export class CountingProxy {
  readonly #server: Server;
  /** When requests came, epoch ms, oldest first. */
  readonly times: number[] = [];

  private constructor(target: string) {
    this.#server = createServer((incoming, answer) => {
      this.times.push(Date.now());
      const { method, url, headers } = incoming;
      const outgoing = request(
        new URL(url ?? "/", target),
        { method: method ?? "GET", headers },
        (response) => {
          answer.writeHead(response.statusCode ?? 502, response.headers);
          response.pipe(answer);
        },
      );
      outgoing.on("error", () => answer.destroy());
      incoming.pipe(outgoing);
    });
  }

  static async start(target: string): Promise<CountingProxy> {
    const proxy = new CountingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", () => resolve()));
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The proxy does not listen.");
    return `http://127.0.0.1:${address.port}`;
  }

  /** The most requests that came within any second since an instant. */
  mostPerSecond(since: number): number {
    const times = this.times.filter((time) => time >= since);
    return Math.max(
      0,
      ...times.map((time, index) => times.slice(index).filter((t) => t < time + 1_000).length),
    );
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
