import type { Dispatcher } from "undici";
import { type AddressGuard, ForbiddenAddress, notAllowed } from "../address/address-guard.js";
import { type ConnectionSettings, guardedAgent } from "../address/guarded-agent.js";
import { exchange, type HttpAnswer, type HttpRequest, NoAnswer } from "./exchange.js";

/** A request, and the field of the job that its address comes from. */
export interface GuardedRequest extends HttpRequest {
  readonly field: string;
}

/** How connections are made, and the longest answer that is read, bytes. */
export interface ClientSettings extends ConnectionSettings {
  readonly maxResponseBytes: number;
}

/** Sends requests to allowed addresses. */
export class HttpClient {
  readonly #guard: AddressGuard;
  readonly #settings: ClientSettings;
  #agent: Dispatcher | undefined;

  constructor(guard: AddressGuard, settings: ClientSettings) {
    this.#guard = guard;
    this.#settings = settings;
  }

  /**
   * @throws OperatorError ADDRESS_NOT_ALLOWED before any connection is made
   * @throws NoAnswer
   */
  async send(request: GuardedRequest, signal: AbortSignal): Promise<HttpAnswer> {
    this.#guard.checkUrl(request.url, request.field);
    try {
      this.#agent ??= guardedAgent(this.#guard, this.#settings);
      return await exchange(this.#agent, request, signal, this.#settings.maxResponseBytes);
    } catch (error) {
      if (error instanceof NoAnswer && error.cause instanceof ForbiddenAddress) {
        throw notAllowed(request.field, error.cause.message);
      }
      throw error;
    }
  }

  /** Breaks off what is under way. A later request opens it again. */
  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.destroy();
  }
}
