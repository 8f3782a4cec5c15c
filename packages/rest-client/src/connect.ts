import type { LookupFunction } from "node:net";
import * as net from "node:net";
import * as tls from "node:tls";

/** TLS settings: certificate authorities in addition to the machine's, and a client certificate. */
export type TlsOptions = Pick<tls.ConnectionOptions, "ca" | "cert" | "key">;

/** Settings of connections. */
export interface ConnectionSettings {
  /** Resolves names; its errors become the connection's. @default the machine's resolver */
  readonly lookup?: LookupFunction;
  readonly tls?: TlsOptions;
}

/**
 * Opens a connection, over TLS with a verified name if the URL says so; nothing has been written to it yet.
 * Proxy environment variables have no effect.
 *
 * @throws the signal's reason if it is aborted first
 * @throws the connection's error
 */
export async function connect(
  url: URL,
  { lookup, tls: tlsOptions }: ConnectionSettings,
  signal: AbortSignal,
): Promise<net.Socket> {
  signal.throwIfAborted();
  const isSecure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port) || (isSecure ? 443 : 80);
  const options = { host, port, noDelay: true, ...(lookup === undefined ? {} : { lookup }) };
  const socket = isSecure
    ? tls.connect({
        ...options,
        ...tlsOptions,
        servername: net.isIP(host) === 0 ? host.replace(/\.$/, "") : "",
        // HTTP/1.1 shows when a request was written, and a broken connection breaks only one request.
        ALPNProtocols: ["http/1.1"],
      })
    : net.connect(options);
  return standing(socket, isSecure ? "secureConnect" : "connect", signal);
}

function standing(socket: net.Socket, event: string, signal: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.destroy();
      fail(signal.reason as Error);
    };
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", stop);
      reject(error);
    };
    // Stays for the life of the socket: an error without a listener would end the process.
    socket.on("error", fail);
    socket.once("close", () => fail(closedEarly()));
    socket.once(event, () => {
      signal.removeEventListener("abort", stop);
      resolve(socket);
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

function closedEarly(): Error {
  return Object.assign(new Error("the connection was closed before it stood"), { code: "ECONNRESET" });
}
