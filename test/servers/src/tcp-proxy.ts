import { connect, createServer, type Server, type Socket } from "node:net";

/** Which way bytes go. */
export type Direction = "to-server" | "to-client";

/** A cut that waits for its moment. */
interface Cut {
  readonly direction: Direction;
  /** How many bytes still pass. */
  left: number;
  readonly done: () => void;
}

/** Stands between clients and a server of the loopback, and cuts their connections when told to. */
export class TcpProxy {
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<{ client: Socket; upstream: Socket }>();
  #cut: Cut | undefined;
  #refuses = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param target - the port that it leads to */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", () => resolve()));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The proxy does not listen.");
    return address.port;
  }

  /** Cuts the connection on which the byte after so many passes, in the midst of what is being said. */
  cutAfter(bytes: number, direction: Direction): Promise<void> {
    return new Promise((resolve) => {
      this.#cut = { direction, left: bytes, done: resolve };
    });
  }

  /** Cuts all connections, and refuses new ones until `mend`. */
  sever(): void {
    this.#refuses = true;
    this.cutAll();
  }

  mend(): void {
    this.#refuses = false;
  }

  /** Cuts all connections. */
  cutAll(): void {
    for (const { client, upstream } of this.#pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  async dispose(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cutAll();
    await closed;
  }

  #join(client: Socket): void {
    if (this.#refuses) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.#target, "127.0.0.1");
    const pair = { client, upstream };
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", end);
    }
    client.on("data", (bytes) => this.#pass(bytes, upstream, "to-server", end));
    upstream.on("data", (bytes) => this.#pass(bytes, client, "to-client", end));
  }

  #pass(bytes: Buffer, to: Socket, direction: Direction, end: () => void): void {
    const cut = this.#cut;
    if (cut === undefined || cut.direction !== direction || bytes.length <= cut.left) {
      if (cut?.direction === direction) cut.left -= bytes.length;
      to.write(bytes);
      return;
    }
    this.#cut = undefined;
    // What passed before the cut arrives: half a command, half an answer.
    to.write(bytes.subarray(0, cut.left), end);
    cut.done();
  }
}
