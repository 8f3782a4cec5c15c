import { type Clock, SystemClock } from "@tidegate/core";
import { bounded } from "./bounded.js";
import type { ConnectionSettings } from "./connect.js";
import { type ExchangeSettings, exchange } from "./exchange.js";
import type { HttpAnswer, HttpRequest } from "./message.js";
import { NoAnswer } from "./no-answer.js";

/** How a client sends and reads. */
export interface HttpClientOptions extends ConnectionSettings {
  /** The longest that a connection may take to stand, ms. @default 10,000 */
  readonly connectTimeoutMs?: number;
  /** The longest body of an answer, bytes, before and after it is decompressed. @default 67,108,864 */
  readonly maxResponseBytes?: number;
  /** @default 16,384 */
  readonly maxHeaderBytes?: number;
  /** Measures time-outs, by elapsed time. @default the machine's clock */
  readonly clock?: Clock;
}

/** The limits of one request. */
export interface Limits {
  /** The longest that it may take, connection and answer included, ms. @default unlimited */
  readonly timeoutMs?: number;
  /** Any of them gives it up. @default none */
  readonly signals?: readonly AbortSignal[];
}

/** Sends requests, each on a connection of its own. */
export class HttpClient {
  readonly #settings: ExchangeSettings;

  constructor(options: HttpClientOptions = {}) {
    this.#settings = {
      connectTimeoutMs: 10_000,
      maxResponseBytes: 67_108_864,
      maxHeaderBytes: 16_384,
      clock: new SystemClock(),
      ...options,
    };
  }

  /**
   * The answer, whatever its status. Compressed answers are read, though they are not asked for.
   *
   * @throws NoAnswer when there is no whole answer; it says whether the request was written, and its cause is the connection's
   * error, a `TimedOut` or the reason of a signal
   * @throws UnreadableBody when the answer is no refusal and cannot be read, which it could not the next time either
   */
  async send(request: HttpRequest, { timeoutMs, signals = [] }: Limits = {}): Promise<HttpAnswer> {
    const headers = { "accept-encoding": "identity", ...request.headers };
    const { clock } = this.#settings;
    const bounds = { signals, clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    for (const { aborted, reason } of signals) if (aborted) throw new NoAnswer(false, reason as Error);
    return bounded(bounds, (signal) => exchange({ ...request, headers }, this.#settings, signal));
  }
}
