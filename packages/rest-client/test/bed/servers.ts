import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import * as tls from "node:tls";
import { afterEach } from "@jest/globals";
import { CERTIFICATE, KEY } from "./certificate.js";

/** A server that is given each connection as it is. */
export interface RawServer {
  readonly port: number;
  readonly url: URL;
  /** Bytes that were received on all connections, as Latin-1; decrypted with TLS. */
  readonly received: () => string;
}

/** Starts servers on 127.0.0.1 that are closed after each test. */
export function useServers() {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  const listening = async (server: Server, protocol: string, onConnection: (socket: Socket) => void) => {
    const sockets = new Set<Socket>();
    let received = "";
    server.on(protocol === "https:" ? "secureConnection" : "connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        received += data.toString("latin1");
      });
      onConnection(socket);
    });
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { port, url: new URL(`${protocol}//127.0.0.1:${port}/jobs?a=b`), received: () => received };
  };

  return {
    plain: (onConnection: (socket: Socket) => void): Promise<RawServer> =>
      listening(createServer(), "http:", onConnection),
    secure: (onConnection: (socket: Socket) => void): Promise<RawServer> =>
      listening(tls.createServer({ cert: CERTIFICATE, key: KEY }), "https:", onConnection),
  };
}

/** Answers each request, once it has begun, with these bytes. */
export function answering(bytes: string): (socket: Socket) => void {
  return (socket) => void socket.once("data", () => socket.end(bytes));
}
