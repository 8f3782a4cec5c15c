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

/** A client's connection, and the proxy's own to the server on its behalf. */
interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Nothing passes any more, although both sides believe that they are connected. */
  isForgotten: boolean;
}

/** Stands between clients and a server of the loopback; cuts their connections and swallows what they say when told to. */
export class TcpProxy {
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #cut: Cut | undefined;
  #refuses = false;
  /** Clients that came while nothing passed. */
  #held: Set<Socket> | undefined;

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

  /**
   * Lets nothing pass until `mend`, without a word to either side, as a network that drops packets.
   *
   * @param forgets - the connections that there are never come back, as behind a firewall that has restarted
   */
  swallow({ forgets = false } = {}): void {
    this.#held ??= new Set();
    for (const pair of this.#pairs) {
      if (forgets) pair.isForgotten = true;
      else for (const socket of [pair.client, pair.upstream]) socket.pause();
    }
  }

  mend(): void {
    this.#refuses = false;
    const held = this.#held;
    this.#held = undefined;
    for (const { client, upstream } of this.#pairs) for (const socket of [client, upstream]) socket.resume();
    for (const client of held ?? []) this.#join(client);
  }

  /** Cuts all connections. */
  cutAll(): void {
    for (const client of this.#held ?? []) client.resetAndDestroy();
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
    if (this.#held !== undefined) {
      this.#hold(client, this.#held);
      return;
    }
    if (client.destroyed) return;
    const upstream = connect(this.#target, "127.0.0.1");
    const pair: Pair = { client, upstream, isForgotten: false };
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
    client.on("data", (bytes) => this.#pass(bytes, pair, "to-server", end));
    upstream.on("data", (bytes) => this.#pass(bytes, pair, "to-client", end));
    client.resume();
  }

  #hold(client: Socket, held: Set<Socket>): void {
    client.pause();
    client.on("error", () => {});
    client.on("close", () => held.delete(client));
    held.add(client);
  }

  #pass(bytes: Buffer, pair: Pair, direction: Direction, end: () => void): void {
    if (pair.isForgotten) return;
    const to = direction === "to-server" ? pair.upstream : pair.client;
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
