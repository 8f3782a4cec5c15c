import type { ChangeKind, ChangeNews } from "@tidegate/core";
import { EventText } from "./event-text.js";
import { answerOf, requestOf, type Target, unavailable } from "./exchange.js";
import { ManagerError } from "./manager-error.js";

/** The longest that a stream is silent, ms; the manager writes every 15 s. */
const SILENT_MS = 40_000;

/** Pauses before a stream that broke is opened again, ms; the last one is repeated. */
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;

/** Settings of `ManagerClient.events`. */
export interface EventsOptions {
  /** Only changes of one of these groups. @default all */
  readonly groupIds?: readonly string[];
  /** Only changes of one of these kinds. @default all */
  readonly kinds?: readonly ChangeKind[];
  /** `position` of the last news that were seen. @default from now on */
  readonly after?: string;
  /** Ends the stream when it is aborted; the iteration then ends as well. */
  readonly signal?: AbortSignal;
  /** Called when the stream is open, and when it breaks. */
  readonly onConnection?: (isOpen: boolean) => void;
}

/**
 * Yields changes as the manager reports them. A stream that breaks is opened again, and continues where it was.
 *
 * @throws ManagerError if the manager refuses it, or cannot be reached at first
 */
export async function* eventsOf(target: Target, options: EventsOptions): AsyncGenerator<ChangeNews, void> {
  const signals = [target.signal, options.signal].filter((signal) => signal !== undefined);
  const ended = AbortSignal.any(signals);
  let { after } = options;
  let wasOpen = false;
  for (let breaks = 0; !ended.aborted; breaks += 1) {
    try {
      const pieces = await open(target, options, after, ended);
      wasOpen = true;
      options.onConnection?.(true);
      for await (const news of newsOf(pieces)) {
        breaks = 0;
        after = news.position;
        if (news.isReset || news.changes.length > 0) yield news;
      }
    } catch (error) {
      if (ended.aborted) return;
      if (!wasOpen || isRefusal(error)) throw error;
    }
    if (ended.aborted) return;
    options.onConnection?.(false);
    await pause(PAUSES_MS[Math.min(breaks, PAUSES_MS.length - 1)]!, ended);
  }
}

/** Opens a stream, and yields its text. */
async function open(
  target: Target,
  { groupIds, kinds }: EventsOptions,
  after: string | undefined,
  ended: AbortSignal,
): Promise<AsyncGenerator<string>> {
  const input = {
    query: { group: groupIds, kind: kinds },
    ...(after === undefined ? {} : { headers: { "last-event-id": after } }),
  };
  const { address, init } = await requestOf(target, "streamEvents", input);
  const headers = { ...init.headers, accept: "text/event-stream" };
  const silence = new AbortController();
  const signal = AbortSignal.any([silence.signal, ended]);
  const response = await within(target.timeoutMs, silence, () =>
    target.fetch(address, { ...init, headers, signal }),
  ).catch((error: unknown) => {
    throw unavailable(target, error);
  });
  const isStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
  if (!response.ok || !isStream || response.body === null) {
    answerOf(response, await response.text());
    throw new ManagerError("ANSWER_UNEXPECTED", "The answer is not a stream of events; check the address.");
  }
  return textOf(response.body.getReader(), silence);
}

async function* textOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  silence: AbortController,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await within(SILENT_MS, silence, () => reader.read());
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    silence.abort();
  }
}

async function* newsOf(pieces: AsyncIterable<string>): AsyncGenerator<ChangeNews> {
  const reader = new EventText();
  for await (const piece of pieces) {
    for (const { id, type, data } of reader.read(piece)) {
      if (id === "") continue;
      const changes = type === "changes" ? (JSON.parse(data) as Pick<ChangeNews, "changes">).changes : [];
      yield { position: id, isReset: type === "reset", changes };
    }
  }
}

/** Aborts work that takes longer than this, ms. */
async function within<T>(ms: number, controller: AbortController, work: () => Promise<T>): Promise<T> {
  // biome-ignore lint/plugin: a browser has no clock of core's
  const timer = setTimeout(() => controller.abort(new Error(`Nothing was heard for ${ms} ms.`)), ms);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after this time, ms, or when the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    // biome-ignore lint/plugin: a browser has no clock of core's
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

/** Returns whether the manager will not answer otherwise next time. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof ManagerError && error.status !== undefined && error.status >= 400 && error.status < 500
  );
}
