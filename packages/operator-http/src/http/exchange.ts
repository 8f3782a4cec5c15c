import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { bodyText, tooLong, UnreadableBody } from "./body.js";

/** A request as it goes out. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed and decoded. Empty where a refusal's body cannot be read: the status says enough. */
  readonly text: string;
}

/** A header's value; a repeated one has none, for it is not known which value counts. */
export function headerOf({ headers }: HttpAnswer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

/** A request that got no whole answer. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  /** @param isSent - `false` where nothing of the request was written, so that nobody can have taken it */
  constructor(
    readonly isSent: boolean,
    override readonly cause: Error,
  ) {
    super(cause.message);
  }
}

/**
 * Sends one request on a connection of its own and reads the answer. Redirects are answers like any other.
 *
 * A kept connection is never used: it may close as the request is written, and then nobody knows whether it was taken.
 *
 * @param signal - the request is given up when it is aborted
 * @param maxBytes - the longest body that is read, before and after it is decompressed
 * @throws NoAnswer with the signal's reason or the connection's error as its cause
 * @throws UnreadableBody when the answer is whole, or too long, and is no refusal
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  signal: AbortSignal,
  maxBytes: number,
): Promise<HttpAnswer> {
  const reader = new AnswerReader(maxBytes);
  const stop = (): void => reader.fail(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    else dispatch(dispatcher, request, reader);
    const { status, headers, body } = await reader.answer;
    return { status, headers, text: await textOf({ status, headers, body }, maxBytes) };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A refusal needs no body; anything else is no answer without it. */
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

/** An answer as it came. */
interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function dispatch(dispatcher: Dispatcher, request: HttpRequest, reader: AnswerReader): void {
  const { url, method, headers, body } = request;
  try {
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { ...headers },
        body: body ?? null,
        reset: true,
      },
      reader,
    );
  } catch (error) {
    reader.fail(error as Error);
  }
}

/** Collects one answer. Knows whether the request was written: undici starts it on a connection that stands. */
class AnswerReader implements Dispatcher.DispatchHandler {
  /** Rejects with `NoAnswer` or `UnreadableBody`. */
  readonly answer: Promise<RawAnswer>;
  readonly #maxBytes: number;
  #resolve!: (answer: RawAnswer) => void;
  #reject!: (error: NoAnswer | UnreadableBody) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Gives up; where the connection was still being made, nothing is written to it later either. */
  fail(cause: Error): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const isAnswered = cause instanceof UnreadableBody;
    this.#reject(isAnswered ? cause : new NoAnswer(this.#controller !== undefined, cause));
    this.#controller?.abort(cause);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) controller.abort(new Error("given up before it was sent"));
    else this.#controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= this.#maxBytes) {
      this.#chunks.push(chunk);
      return;
    }
    const error = tooLong(this.#maxBytes);
    this.#breakOff(error);
    controller.abort(error);
  }

  onResponseEnd(): void {
    this.#settle(Buffer.concat(this.#chunks));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#breakOff(error);
  }

  #breakOff(error: Error): void {
    if (isRefusal(this.#status)) this.#settle(Buffer.alloc(0));
    else this.fail(error);
  }

  #settle(body: Buffer): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }
}
