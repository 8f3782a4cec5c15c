import * as http from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { Clock } from "@tidegate/core/clock";
import { bodyText, tooLong, UnreadableBody } from "./body.js";
import { bounded } from "./bounded.js";
import { type ConnectionSettings, connect } from "./connect.js";
import type { HttpAnswer, HttpBody, HttpHeaders, HttpRequest } from "./message.js";
import { NoAnswer, NotHttp } from "./no-answer.js";

/** Settings for sending requests and reading answers. */
export interface ExchangeSettings extends ConnectionSettings {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Maximum body size, before and after decompression. */
  readonly maxResponseBytes: number;
}

/** An answer as received. */
interface RawAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: Buffer;
}

/**
 * Sends one request on a connection of its own and reads the answer. Redirects are answers like any other;
 * interim answers (1xx) are skipped.
 *
 * The connection is established before anything is written, so a failure until then proves that the request
 * was not sent. Connections are never reused: one may close while the request is written, and then nobody
 * knows whether it was received.
 *
 * @param signal - aborts the request
 * @throws NoAnswer with the signal's reason or the connection's error as its cause
 * @throws UnreadableBody if the answer is complete, or too long, and is not a refusal
 */
export async function exchange(
  request: HttpRequest,
  settings: ExchangeSettings,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { connectTimeoutMs: timeoutMs, clock } = settings;
  const socket = await bounded({ signals: [signal], timeoutMs, clock, timedOut: notConnected }, (either) =>
    connect(request.url, settings, either),
  ).catch(notSent);
  try {
    const answer = await answerOf(socket, request, settings, signal);
    return { ...answer, text: await textOf(answer, settings.maxResponseBytes) };
  } finally {
    socket.destroy();
  }
}

/** A refusal needs no body; any other answer is useless without it. */
async function textOf({ status, headers, body }: RawAnswer, maxBytes: number): Promise<string> {
  try {
    return await bodyText(body, headers, maxBytes);
  } catch (error) {
    if (isRefusal(status)) return "";
    throw error;
  }
}

function isRefusal(status: number): boolean {
  return status >= 300;
}

async function answerOf(
  socket: Socket,
  { method, url, headers, body }: HttpRequest,
  { maxHeaderBytes, maxResponseBytes }: ExchangeSettings,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const streamed = typeof body === "object" ? body : undefined;
  // Node omits the length of a body for methods that usually have none, such as DELETE.
  const length = body === undefined ? {} : { "content-length": String(lengthOf(body)) };
  const outgoing = written({
    createConnection: () => socket,
    method,
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host, ...length },
    maxHeaderSize: maxHeaderBytes,
  });
  const reader = new AnswerReader(maxResponseBytes);
  const source = streamed === undefined ? undefined : Readable.from(streamed.chunks());
  const stop = (): void => reader.fail(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    outgoing.on("response", (response) => reader.read(response));
    outgoing.on("error", (error) => reader.breakOff(error));
    source?.on("error", (error) => reader.breakOff(error));
    outgoing.on("close", () => reader.breakOff(brokenOff()));
    if (signal.aborted) stop();
    else if (source !== undefined) source.pipe(outgoing);
    else outgoing.end(typeof body === "string" ? body : undefined);
    return await reader.answer;
  } finally {
    signal.removeEventListener("abort", stop);
    source?.destroy();
    outgoing.destroy();
  }
}

function lengthOf(body: HttpBody): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

/** @throws NoAnswer if a header cannot be written */
function written(options: http.RequestOptions): http.ClientRequest {
  try {
    return http.request(options);
  } catch (error) {
    return notSent(error as Error);
  }
}

function notSent(error: Error): never {
  throw new NoAnswer(false, error);
}

function notConnected(timeoutMs: number): Error {
  return Object.assign(new Error(`no connection within ${timeoutMs} ms`), { code: "ETIMEDOUT" });
}

/** Collects one answer. */
class AnswerReader {
  /** Rejects with `NoAnswer` or `UnreadableBody`. */
  readonly answer: Promise<RawAnswer>;
  readonly #maxBytes: number;
  #resolve!: (answer: RawAnswer) => void;
  #reject!: (error: NoAnswer | UnreadableBody) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #response: http.IncomingMessage | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  read(response: http.IncomingMessage): void {
    this.#response = response;
    response.on("data", (chunk: Buffer) => this.#add(chunk));
    response.on("end", () => (response.complete ? this.#settle() : this.breakOff(brokenOff())));
    response.on("error", (error) => this.breakOff(error));
  }

  fail(cause: Error): void {
    this.#reject(cause instanceof UnreadableBody ? cause : new NoAnswer(true, cause));
  }

  /** Handles the end of the connection, or a part of the answer that cannot be parsed. */
  breakOff(error: Error): void {
    const response = this.#response;
    // Bytes after a complete answer are not part of it, and its own last bytes are still to be read.
    if (response?.complete === true && !response.destroyed) return;
    this.#cut(telling(error));
  }

  #add(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= this.#maxBytes) this.#chunks.push(chunk);
    else this.#cut(tooLong(this.#maxBytes));
  }

  /** Accepts a refusal without its body, and fails on anything else. */
  #cut(error: Error): void {
    if (isRefusal(this.#response?.statusCode ?? 0)) this.#settle(Buffer.alloc(0));
    else this.fail(error);
  }

  #settle(body = Buffer.concat(this.#chunks)): void {
    const { statusCode = 0, headersDistinct = {} } = this.#response ?? {};
    this.#resolve({ status: statusCode, headers: headersDistinct, body });
  }
}

function brokenOff(): Error {
  return Object.assign(new Error("the connection was closed before the answer was whole"), {
    code: "ECONNRESET",
  });
}

/** The parser's errors contain what was received. */
function telling(error: NodeJS.ErrnoException): Error {
  if (error.code === "HPE_HEADER_OVERFLOW") return new NotHttp("UND_ERR_HEADERS_OVERFLOW");
  return error.code?.startsWith("HPE_") === true ? new NotHttp(error.code) : error;
}
