import type { FromWorker, ToWorker } from "./messages.js";
import { followChanges } from "./stream.js";

/** A stream, and the pages that follow it. */
interface Shared {
  readonly pages: Set<MessagePort>;
  readonly end: AbortController;
  isOpen: boolean | undefined;
}

const streams = new Map<string, Shared>();

/** One stream for all pages of the browser: a connection for each would use up those that HTTP/1 has. */
self.addEventListener("connect", (event) => {
  const page = (event as MessageEvent).ports[0]!;
  page.onmessage = ({ data }: MessageEvent<ToWorker>) => {
    leave(page);
    if (data.kind === "join") join(page, data.url, data.token);
  };
});

function join(page: MessagePort, url: string, token: string | null): void {
  const key = JSON.stringify([url, token]);
  let stream = streams.get(key);
  if (stream === undefined) {
    stream = { pages: new Set(), end: new AbortController(), isOpen: undefined };
    streams.set(key, stream);
    void follow(key, stream, url, token);
  }
  stream.pages.add(page);
  if (stream.isOpen !== undefined) send(page, { kind: "connection", isOpen: stream.isOpen });
}

async function follow(key: string, stream: Shared, url: string, token: string | null): Promise<void> {
  await followChanges(url, token, stream.end.signal, (message) => {
    if (message.kind === "connection") stream.isOpen = message.isOpen;
    for (const page of stream.pages) send(page, message);
  });
  if (streams.get(key) === stream) streams.delete(key);
}

function leave(page: MessagePort): void {
  for (const [key, stream] of streams) {
    if (!stream.pages.delete(page) || stream.pages.size > 0) continue;
    stream.end.abort();
    streams.delete(key);
  }
}

function send(page: MessagePort, message: FromWorker): void {
  page.postMessage(message);
}
