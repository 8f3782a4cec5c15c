import { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { ChangeFeed, ChangeKind, ChangeNews, LedgerChange } from "@tidegate/core";
import type { Clock, ClockTimer } from "@tidegate/core/clock";

/** How often a stream shows that it is alive, ms: proxies close what is silent for longer. */
const BEAT_EVERY_MS = 15_000;

/** A stream with more that is not sent yet is ended, bytes: its reader comes back, and reads again. */
const MOST_UNSENT = 1_048_576;

/** How long a browser waits before it opens a stream that broke again, ms. */
const RETRY_MS = 1_000;

/** Changes that a stream is about. */
export interface EventFilter {
  /** Empty for all. */
  readonly groupIds: readonly string[];
  /** Empty for all. */
  readonly kinds: readonly ChangeKind[];
}

interface Stream {
  readonly response: ServerResponse;
  /** Takes what is written behind the head. */
  readonly out: Writable;
  /** The position that its reader knows. */
  sent: string;
  /** The position that it has reached; changes in between were not for it. */
  reached: string;
}

/** Streams of server-sent events (HTML, section 9.2) about changes of the ledger. */
export class EventStreams {
  readonly #changes: ChangeFeed;
  readonly #clock: Clock;
  readonly #streams = new Map<Stream, () => void>();
  /** Events by news and filter, so that streams of one filter share them. */
  readonly #events = new WeakMap<ChangeNews, Map<string, Buffer>>();
  #beat: ClockTimer | undefined;

  constructor(changes: ChangeFeed, clock: Clock) {
    this.#changes = changes;
    this.#clock = clock;
  }

  /**
   * Begins a stream, which ends when its reader goes.
   *
   * @param response - its head is sent
   * @param after - the id of the last event that the reader has seen
   */
  open(response: ServerResponse, filter: EventFilter, after: string | undefined): void {
    response.write(`retry: ${RETRY_MS}\n\n`);
    const stream = { response, out: outOf(response), sent: "", reached: "" };
    const key = JSON.stringify(filter);
    const unsubscribe = this.#changes.subscribe((news) => {
      stream.reached = news.position;
      this.#send(stream, this.#eventOf(news, filter, key));
    }, after);
    this.#streams.set(stream, unsubscribe);
    response.once("close", () => {
      unsubscribe();
      this.#streams.delete(stream);
    });
    this.#beat ??= this.#clock.wakeAfter(BEAT_EVERY_MS, () => this.#beatAll());
  }

  /** Ends all streams. */
  close(): void {
    this.#beat?.cancel();
    this.#beat = undefined;
    for (const [{ response }, unsubscribe] of this.#streams) {
      unsubscribe();
      response.end();
    }
    this.#streams.clear();
  }

  #beatAll(): void {
    this.#beat = undefined;
    if (this.#streams.size === 0) return;
    for (const stream of this.#streams.keys()) {
      // An id alone is no event, but is remembered.
      const beat = stream.reached === stream.sent ? ": hb\n\n" : `: hb\nid: ${stream.reached}\n\n`;
      this.#send(stream, Buffer.from(beat));
    }
    this.#beat = this.#clock.wakeAfter(BEAT_EVERY_MS, () => this.#beatAll());
  }

  #send(stream: Stream, event: Buffer): void {
    if (event.length === 0) return;
    const { response, out } = stream;
    if (out.writableLength > MOST_UNSENT) {
      response.destroy();
      return;
    }
    stream.sent = stream.reached;
    out.write(event);
  }

  #eventOf(news: ChangeNews, filter: EventFilter, key: string): Buffer {
    let events = this.#events.get(news);
    if (events === undefined) {
      events = new Map();
      this.#events.set(news, events);
    }
    let event = events.get(key);
    if (event === undefined) {
      event = Buffer.from(eventText(news, filter));
      events.set(key, event);
    }
    return event;
  }
}

/**
 * Returns where events of a response are written: behind an unframed head of HTTP/1, that is the connection itself, at half
 * the cost of going through the response each time.
 */
function outOf(response: ServerResponse): Writable {
  const isPlain = response instanceof ServerResponse && !response.chunkedEncoding;
  return isPlain ? (response.socket ?? response) : response;
}

/** Returns the news as an event; empty if they are not for the filter. */
function eventText({ position, isReset, changes }: ChangeNews, filter: EventFilter): string {
  if (isReset) return `id: ${position}\nevent: reset\ndata: {}\n\n`;
  const own = changes.filter((change) => isFor(change, filter));
  if (own.length === 0) return "";
  return `id: ${position}\nevent: changes\ndata: ${JSON.stringify({ changes: own })}\n\n`;
}

function isFor({ kind, groupId }: LedgerChange, { kinds, groupIds }: EventFilter): boolean {
  const isOfGroup = groupIds.length === 0 || groupId === null || groupIds.includes(groupId);
  return isOfGroup && (kinds.length === 0 || kinds.includes(kind));
}
