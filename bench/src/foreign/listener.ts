import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Tick } from "./step.js";

/** A server that remembers what was posted and does nothing else. */
export interface Listener {
  readonly url: string;
  readonly ticks: readonly (Tick & { readonly at: number })[];
  close(): Promise<void>;
}

/** Opens one on the loopback. */
export async function listen(): Promise<Listener> {
  const ticks: (Tick & { at: number })[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { name, tick } = JSON.parse(Buffer.concat(chunks).toString());
    ticks.push({ name, tick: Number(tick), at: Date.now() });
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    ticks,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
