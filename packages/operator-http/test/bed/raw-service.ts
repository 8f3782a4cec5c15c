import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach } from "@jest/globals";

/** A service that answers with bytes, so that it can answer as no HTTP library would. */
export interface RawService {
  readonly url: string;
  /** The requests that it has read to their ends, byte for byte as Latin-1. */
  readonly requests: readonly string[];
}

/** Answers the request of this number, from 1 on. What is returned is the whole answer; the connection is then closed. */
export type RawAnswering = (count: number, socket: Socket) => string | Buffer | undefined;

/** Starts services that are closed after each test. */
export function useRawServices(): (answering: RawAnswering) => Promise<RawService> {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });
  return async (answering) => {
    const sockets = new Set<Socket>();
    const requests: string[] = [];
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      let received = "";
      socket.on("data", (data) => {
        received += data.toString("latin1");
        if (!isWholeRequest(received)) return;
        requests.push(received);
        received = "";
        const answer = answering(requests.length, socket);
        if (answer !== undefined) socket.end(answer);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
  };
}

function isWholeRequest(received: string): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const [, length = "0"] = /^content-length: (\d+)/im.exec(received.slice(0, end)) ?? [];
  return received.length - end - 4 >= Number(length);
}
