import type { EpochMs } from "../clock/clock.js";
import type { Gate, GateAnswer, GateRequest } from "../gate/gate.js";
import { toSet } from "../interval/interval-set.js";
import type { JsonObject } from "../job/json.js";
import type { ReadinessProbe } from "../probe/probe.js";
import { readinessGateType } from "../schedule/readiness.js";
import type { ProbeCaller } from "./probe-caller.js";
import { shortened } from "./shortened.js";
import { type OnBroken, Source } from "./source.js";

/** Dependencies of `ReadinessGate`. */
export interface ReadinessGateParts {
  readonly probe: ReadinessProbe;
  /** Shared by the gates of all probes. */
  readonly caller: ProbeCaller;
  /** Called when a question has failed 5 times in a row, and while it goes on failing, at most once a minute. */
  readonly onBroken: OnBroken;
}

/**
 * How long a batch waits for answers, ms: the other gates of its runs wait as long. Questions that take longer
 * go on, and a later look finds their answers.
 */
const PATIENCE_MS = 250;

/** How often what has grown old is forgotten, ms. */
const FORGET_EVERY_MS = 60_000;

/**
 * The built-in gate that asks the probes of one type: see `ScheduleInfo.ready`. Its settings are the list of
 * the probe's entries, all of which must be ready.
 *
 * Equal questions are asked once, whichever runs wait for the answer. What it remembers only saves questions:
 * after a restart it asks again.
 */
export class ReadinessGate implements Gate {
  readonly gateType: string;
  readonly #parts: ReadinessGateParts;
  readonly #sources = new Map<string, Source>();
  #forgottenAt: EpochMs = 0;

  constructor(parts: ReadinessGateParts) {
    this.#parts = parts;
    this.gateType = readinessGateType(parts.probe.probeType);
  }

  async check(requests: readonly GateRequest[]): Promise<readonly GateAnswer[]> {
    const { caller } = this.#parts;
    const asking = new Map<Source, GateRequest[]>();
    const wanted = requests.map((request) => {
      const sources = (request.settings as readonly JsonObject[]).map((spec) => this.#source(spec, request));
      for (const source of sources) {
        const others = asking.get(source);
        if (others === undefined) asking.set(source, [request]);
        else others.push(request);
      }
      return sources;
    });
    const asked = [...asking].map(([source, those]) => source.ask(those));
    await caller.within(PATIENCE_MS, Promise.all(asked));
    const now = caller.clock.now();
    const answers = requests.map(({ interval }, index) =>
      merged(wanted[index]!.map((source) => source.answerFor(interval, now))),
    );
    this.#forget(now);
    return answers;
  }

  #source(spec: JsonObject, { timezone }: GateRequest): Source {
    const key = `${timezone} ${JSON.stringify(spec)}`;
    const source = this.#sources.get(key) ?? new Source({ ...this.#parts, spec, timezone });
    this.#sources.set(key, source);
    return source;
  }

  #forget(now: EpochMs): void {
    if (now < this.#forgottenAt + FORGET_EVERY_MS) return;
    this.#forgottenAt = now;
    for (const [key, source] of this.#sources) if (source.isForgotten(now)) this.#sources.delete(key);
  }
}

/** Returns one answer for several sources, all of which must be ready. */
function merged(answers: readonly GateAnswer[]): GateAnswer {
  const closed = answers.filter((answer) => !answer.isOpen);
  const [first, ...others] = closed;
  if (first === undefined) return { isOpen: true };
  if (others.length === 0) return first;
  return {
    isOpen: false,
    reason: shortened(closed.map(({ reason }) => reason).join("; ")),
    missing: toSet(closed.flatMap(({ missing = [] }) => missing)),
    lookAgainAt: Math.max(...closed.map(({ lookAgainAt = 0 }) => lookAgainAt)),
  };
}
