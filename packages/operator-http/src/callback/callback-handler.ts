import type { ErrorCode } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import { bounded } from "@tidegate/rest-client";
import { isSignedBy, type SignedMessage, signedMessage, UNSIGNED } from "@tidegate/webhook";
import { LRUCache } from "lru-cache";
import type { Secrets } from "../secrets/secrets.js";
import { signingKeys } from "../secrets/signing.js";
import { MalformedAnswer, outcomeOf } from "../service/answer.js";
import { type CallbackMessage, parseCallback } from "./callback-message.js";
import { bodyText, byteLength, type CallbackRequest } from "./callback-request.js";
import type { JobEnds } from "./job-ends.js";
import { runName } from "./run-names.js";

/** Response to a callback; the body is to be sent as JSON. */
export interface CallbackResponse {
  readonly status: number;
  readonly body: CallbackVerdict | { readonly error: { readonly code: ErrorCode; readonly message: string } };
}

/**
 * Result of a callback. `delivered`: a run was waiting for it. `kept`: nobody waits for it yet. `duplicate`:
 * it was received before. `noted`: the job has not ended, so there is nothing to do.
 */
export interface CallbackVerdict {
  readonly status: "delivered" | "kept" | "duplicate" | "noted";
}

/** Settings of the callback handler. */
export interface CallbackSettings {
  /** Names of the secrets that may sign. */
  readonly secrets: readonly string[];
  readonly toleranceMs: number;
  readonly maxBodyBytes: number;
  readonly maxKept: number;
}

/** Longest time to fetch secrets while a caller waits, ms. */
const SECRETS_WITHIN_MS = 10_000;

/** Verifies callbacks and records the job ends that they report. */
export class CallbackHandler {
  readonly #settings: CallbackSettings;
  readonly #secrets: Secrets;
  readonly #ends: JobEnds;
  readonly #clock: Clock;
  /** The ids of the latest messages. */
  readonly #seen: LRUCache<string, true>;

  constructor(settings: CallbackSettings, parts: { secrets: Secrets; ends: JobEnds; clock: Clock }) {
    this.#settings = settings;
    this.#secrets = parts.secrets;
    this.#ends = parts.ends;
    this.#clock = parts.clock;
    this.#seen = new LRUCache({ max: settings.maxKept });
  }

  /** Handles a callback. Never throws: every request gets a response. */
  async handle(request: CallbackRequest): Promise<CallbackResponse> {
    const { maxBodyBytes, toleranceMs } = this.#settings;
    if (byteLength(request) > maxBodyBytes) {
      return refusal(413, "JOB_INVALID", `The body must not be longer than ${maxBodyBytes} bytes.`);
    }
    const message = signedMessage(request, { now: this.#clock.now(), toleranceMs });
    if (typeof message === "string") return refusal(401, "SIGNATURE_INVALID", `${message}.`);
    const signers = await this.#signersOf(message).catch(() => undefined);
    if (signers === undefined) return refusal(503, "CONFIGURATION_INVALID", "Secrets cannot be read now.");
    if (signers.length === 0) return refusal(401, "SIGNATURE_INVALID", `${UNSIGNED}.`);
    return this.#take(message, signers);
  }

  #take(message: SignedMessage, signers: readonly string[]): CallbackResponse {
    const ids = signers.map((signer) => `${signer} ${message.id}`);
    if (ids.every((each) => this.#seen.has(each))) return verdict(200, "duplicate");
    const callback = parsed(bodyText(message));
    if (callback instanceof MalformedAnswer) {
      return refusal(400, "JOB_INVALID", `The callback ${callback.message}.`);
    }
    const outcome = outcomeOf(callback.report);
    if (outcome === undefined) return verdict(200, "noted");
    for (const each of ids) this.#seen.set(each, true);
    const end = { jobId: callback.report.jobId, outcome };
    const deliveries = signers.map((signer) => this.#ends.put(runName(signer, callback.run), end));
    return deliveries.includes(true) ? verdict(200, "delivered") : verdict(202, "kept");
  }

  /** Returns the secrets that signed a message: more than one if two names hold the same key. */
  #signersOf(message: SignedMessage): Promise<string[]> {
    return bounded({ signals: [], timeoutMs: SECRETS_WITHIN_MS, clock: this.#clock }, async (signal) => {
      const names = this.#settings.secrets;
      const values = await Promise.all(names.map((name) => this.#secrets.resolve(name, signal)));
      return names.filter((name, index) => isSignedBy(signingKeys(name, values[index] ?? ""), message));
    });
  }
}

/** Returns a refusal for the caller. */
export function refusal(status: number, code: ErrorCode, message: string): CallbackResponse {
  return { status, body: { error: { code, message } } };
}

function verdict(httpStatus: number, status: CallbackVerdict["status"]): CallbackResponse {
  return { status: httpStatus, body: { status } };
}

function parsed(body: string): CallbackMessage | MalformedAnswer {
  try {
    return parseCallback(body);
  } catch (error) {
    if (error instanceof MalformedAnswer) return error;
    throw error;
  }
}
