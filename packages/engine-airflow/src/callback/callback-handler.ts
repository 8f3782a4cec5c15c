import { type Clock, type Fire, type FireSink, messageOf } from "@tidegate/core";
import { type CallbackRequest, type CallbackResponse, refusal } from "./callback-request.js";
import { PlannedFires } from "./planned-fires.js";
import { verified } from "./signature.js";

/** Fires are a few hundred bytes. */
const MAX_BODY_BYTES = 16_384;

/** What a handler works with. */
export interface CallbackHandlerParts {
  readonly sink: FireSink;
  readonly clock: Clock;
  /** Those that may sign. */
  readonly keys: readonly string[];
  /** Is told what the sink rejects with. */
  readonly onTrouble: (error: unknown, groupId: string) => void;
}

/** Verifies callbacks and fires what they say. From the start of an engine to its stop. */
export class CallbackHandler {
  readonly #parts: CallbackHandlerParts;
  readonly #planned = new PlannedFires();
  readonly #underWay = new Set<Promise<CallbackResponse>>();

  constructor(parts: CallbackHandlerParts) {
    this.#parts = parts;
  }

  /** Never throws: whatever came, it has an answer. */
  async handle(request: CallbackRequest): Promise<CallbackResponse> {
    if (Buffer.byteLength(request.rawBody) > MAX_BODY_BYTES) {
      return refusal(413, "JOB_INVALID", `The body must not be longer than ${MAX_BODY_BYTES} bytes.`);
    }
    const message = verified(request, this.#parts.keys, this.#parts.clock.now());
    if ("reason" in message) return refusal(401, "SIGNATURE_INVALID", `${message.reason}.`);
    const fire = parseFire(message.body);
    if (fire === undefined) {
      return refusal(
        400,
        "SCHEDULE_INVALID",
        "The body must be JSON with groupId and scheduledTime (epoch ms).",
      );
    }
    if (this.#planned.has(fire)) return taken(true);
    const answer = this.#fire(fire);
    this.#underWay.add(answer);
    return answer.finally(() => this.#underWay.delete(answer));
  }

  /** Resolves when no fire is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #fire(fire: Fire): Promise<CallbackResponse> {
    try {
      const [result] = await this.#parts.sink.fire([fire]);
      if (result?.outcome === "held") return refusal(425, "INTERVAL_OPEN", "The fire is not due yet.");
      const isDuplicate = result?.outcome === "duplicate";
      if (isDuplicate || result?.outcome === "planned") this.#planned.add(fire);
      return taken(isDuplicate);
    } catch (error) {
      this.#parts.onTrouble(error, fire.groupId);
      return refusal(503, "ENGINE_FAILED", `The fire cannot be planned now: ${messageOf(error)}`);
    }
  }
}

function taken(duplicate: boolean): CallbackResponse {
  return { status: duplicate ? 200 : 202, body: { runId: null, statusUrl: null, duplicate } };
}

function parseFire(text: string): Fire | undefined {
  try {
    const { groupId, scheduledTime } = JSON.parse(text);
    const isFire = typeof groupId === "string" && groupId !== "" && Number.isSafeInteger(scheduledTime);
    return isFire ? { groupId, scheduledTime } : undefined;
  } catch {
    return undefined;
  }
}
