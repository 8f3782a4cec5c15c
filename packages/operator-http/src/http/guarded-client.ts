import {
  type HttpAnswer,
  HttpClient,
  type HttpClientOptions,
  type HttpRequest,
  NoAnswer,
} from "@tidegate/rest-client";
import { type AddressGuard, ForbiddenAddress, notAllowed } from "../address/address-guard.js";
import { guardedLookup, type ResolveHost } from "../address/guarded-lookup.js";

/** A request, and the job field that its address comes from. */
export interface GuardedRequest extends HttpRequest {
  readonly field: string;
}

/** Settings of the client: how it sends, reads and resolves names. */
export interface ClientSettings extends Omit<HttpClientOptions, "lookup"> {
  /** @default the machine's resolver */
  readonly resolve?: ResolveHost;
}

/** Sends requests to allowed addresses. */
export class GuardedClient {
  readonly #guard: AddressGuard;
  readonly #client: HttpClient;

  constructor(guard: AddressGuard, { resolve, ...options }: ClientSettings) {
    this.#guard = guard;
    this.#client = new HttpClient({ ...options, lookup: guardedLookup(guard, resolve) });
  }

  /**
   * @throws OperatorError ADDRESS_NOT_ALLOWED before any connection is made
   * @throws NoAnswer
   * @throws UnreadableBody
   */
  async send({ field, ...request }: GuardedRequest, signal: AbortSignal): Promise<HttpAnswer> {
    this.#guard.checkUrl(request.url, field);
    try {
      return await this.#client.send(request, { signals: [signal] });
    } catch (error) {
      if (error instanceof NoAnswer && error.cause instanceof ForbiddenAddress) {
        throw notAllowed(field, error.cause.message);
      }
      throw error;
    }
  }
}
