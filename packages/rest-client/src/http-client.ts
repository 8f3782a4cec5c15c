import { type Clock, SystemClock } from "@tidegate/core/clock";
import { bounded } from "./bounded.js";
import type { ConnectionSettings } from "./connect.js";
import { type ExchangeSettings, exchange } from "./exchange.js";
import type { HttpAnswer, HttpRequest } from "./message.js";
import { NoAnswer } from "./no-answer.js";

/** Settings of an `HttpClient`. */
export interface HttpClientOptions extends ConnectionSettings {
  /** Maximum time to establish a connection, ms. @default 10,000 */
  readonly connectTimeoutMs?: number;
  /** Maximum size of an answer's body, bytes, before and after decompression. @default 67,108,864 */
  readonly maxResponseBytes?: number;
  /** @default 16,384 */
  readonly maxHeaderBytes?: number;
  /** Measures timeouts, by elapsed time. @default the machine's clock */
  readonly clock?: Clock;
}

/** Limits of one request. */
export interface Limits {
  /** Maximum duration, connection and answer included, ms. @default unlimited */
  readonly timeoutMs?: number;
  /** Any of them aborts the request. @default none */
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
   * Returns the answer, whatever its status. Decompresses answers, although it does not ask for compression.
   *
   * @throws NoAnswer if there is no complete answer; it says whether the request was written, and its cause
   * is the connection's error, a `TimedOut` or the reason of a signal
   * @throws UnreadableBody if the answer is not a refusal and cannot be read; a retry would not help
   */
  async send(request: HttpRequest, { timeoutMs, signals = [] }: Limits = {}): Promise<HttpAnswer> {
    const headers = { "accept-encoding": "identity", ...request.headers };
    const { clock } = this.#settings;
    const bounds = { signals, clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    for (const { aborted, reason } of signals) if (aborted) throw new NoAnswer(false, reason as Error);
    return bounded(bounds, (signal) => exchange({ ...request, headers }, this.#settings, signal));
  }
}
