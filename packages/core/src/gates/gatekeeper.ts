import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";
import { backoffMs } from "../dispatch/attempt-result.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { ClosedGate, Gate, GateAnswer, GateRequest } from "../gate/gate.js";
import { type Held, mergeHeld } from "../gate/gate-answers.js";
import type { SpecCache } from "../planning/spec-cache.js";
import type { Run, RunInput, RunWait } from "../run/run.js";
import { DEPENDENCIES, gatesOf } from "../schedule/gates-of.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { failureAtGates, type GatedRun, type GateSettlement } from "../store/gate-queue.js";
import type { RunChange } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { GateCaller } from "./gate-caller.js";

/** Dependencies of `Gatekeeper`. */
export interface GatekeeperParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  /** By type, the built-in ones included. */
  readonly gates: ReadonlyMap<string, Gate>;
  readonly specs: SpecCache;
  /** The longest that a gate may take to answer, ms. */
  readonly timeoutMs: number;
  /** Is told of a run that its gates have failed. */
  readonly onFailed: (run: Run, change: RunChange, spec: ScheduleSpec) => void;
}

/** A run that was asked about, and how the answer is written. */
interface Answered {
  readonly run: Run;
  readonly spec: ScheduleSpec;
  readonly settlement: GateSettlement;
}

/** Most runs that are asked about together. */
const BATCH = 1_000;

/** When a gate is asked again that does not say when, ms. */
const LOOK_EVERY_MS = 60_000;

/** The shortest time between two questions, whatever a gate says, ms. */
const SHORTEST_PAUSE_MS = 1_000;

/** Pause before the store is read again after an error, ms. */
const STORE_PAUSE_MS = 1_000;

/** How long a broken gate is left alone. */
const BROKEN_BACKOFF = { initialMs: 5_000, maxMs: 300_000 };

/** Most broken answers in a row that are remembered. */
const MOST_FAILURES = 10_000;

/**
 * Asks the gates of runs that are held by them, and makes runs ready whose gates are all open.
 *
 * Level-triggered: what it knows is in the store, so a kill at any point loses nothing, and several managers
 * may ask at the same time; the store takes the answer of one. A run that has a gate which this manager lacks
 * is left to managers that have it.
 */
export class Gatekeeper {
  readonly #parts: GatekeeperParts;
  readonly #caller: GateCaller;
  /** Broken answers in a row, by gate and run. */
  readonly #failures = new Map<string, number>();
  #isRunning = false;
  #timer: ClockTimer | undefined;
  /** Beside the timer of the next run that is due. */
  #soon: ClockTimer | undefined;
  #looking: Promise<void> | undefined;
  #isDueAgain = false;

  constructor(parts: GatekeeperParts) {
    this.#parts = parts;
    const { clock, timeoutMs } = parts;
    this.#caller = new GateCaller({
      clock,
      timeoutMs,
      onTrouble: (gate, message, request) => this.#brokenGate(gate, message, request),
    });
  }

  start(): void {
    this.#isRunning = true;
  }

  /** Ends open questions; their runs are asked about again after the next start. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#soon?.cancel();
    this.#caller.stop();
    await this.#looking;
  }

  /** Notes when the next gated run is due, epoch ms; `undefined` if none is gated. */
  lookAt(at: EpochMs | undefined): void {
    this.#timer?.cancel();
    if (at === undefined || !this.#isRunning) return;
    if (at > this.#parts.clock.now()) this.#timer = this.#parts.clock.wakeAt(at, () => this.#look());
    else this.#look();
  }

  #lookSoon(): void {
    this.#soon?.cancel();
    this.#soon = this.#parts.clock.wakeAfter(SHORTEST_PAUSE_MS, () => this.#look());
  }

  #look(): void {
    if (!this.#isRunning) return;
    if (this.#looking === undefined) this.#looking = this.#lookAtAll();
    else this.#isDueAgain = true;
  }

  async #lookAtAll(): Promise<void> {
    try {
      do {
        this.#isDueAgain = false;
        await this.#lookThrough();
      } while (this.#isDueAgain && this.#isRunning);
    } catch (error) {
      this.#trouble("STORE_UNAVAILABLE", `Gated runs were not settled: ${messageOf(error)}`);
      this.#timer?.cancel();
      if (this.#isRunning) this.#timer = this.#parts.clock.wakeAfter(STORE_PAUSE_MS, () => this.#look());
    }
    this.#looking = undefined;
    if (this.#isDueAgain) this.#look();
  }

  /** Goes once through all runs that are due. */
  async #lookThrough(): Promise<void> {
    const { store, clock } = this.#parts;
    let after: GatedRun | undefined;
    do {
      const behind = after === undefined ? {} : { after: { lookAt: after.lookAt, id: after.run.id } };
      const due = await store.listGated({ now: clock.now(), limit: BATCH, ...behind });
      const answers = await this.#ask(due);
      if (answers.length > 0 && this.#isRunning) {
        const settled = await store.settleGates(answers.map(({ settlement }) => settlement));
        this.#follow(answers.filter((_, index) => settled[index]));
        // An input has moved meanwhile, perhaps: the run is due as before, and nothing else wakes it.
        if (settled.includes(false)) this.#lookSoon();
      }
      after = due.length < BATCH ? undefined : due.at(-1);
    } while (after !== undefined && this.#isRunning);
  }

  /** Reports runs that wait too long, and those that have failed. */
  #follow(settled: readonly Answered[]): void {
    for (const { run, spec, settlement } of settled) {
      if (settlement.isOpen) continue;
      if (settlement.failure !== undefined)
        this.#parts.onFailed(run, failureAtGates(settlement, settlement.failure), spec);
      else if (settlement.wait.isOverdue === true && run.wait?.isOverdue !== true)
        this.#overdue(run, settlement.wait);
    }
  }

  #overdue({ id, groupId }: Run, { reason }: RunWait): void {
    const message = `Run ${id} has waited longer than it should: ${reason}.`;
    const error = { code: "DEPENDENCY_TIMEOUT", message };
    this.#parts.emitter.emit("trouble", { where: "gate", groupId, runId: id, error });
  }

  async #ask(due: readonly GatedRun[]): Promise<Answered[]> {
    const { clock, gates } = this.#parts;
    const questions = new Map<Gate, { readonly to: GatedRun; readonly request: GateRequest }[]>();
    const held = new Map<GatedRun, Held[]>();
    const inputs = new Map<GatedRun, readonly RunInput[]>();
    const specs = await this.#specsOf(due);
    for (const one of due) {
      const isMarked = one.run.markedReady !== null;
      const spec = specs.get(versionKey(one.run));
      const asked = [...(spec === undefined ? [] : gatesOf(spec))].filter(
        // A marked run begins in any case; dependencies are asked what it reads.
        ([type]) => !isMarked || type === DEPENDENCIES,
      );
      if (!isMarked && (spec === undefined || asked.some(([type]) => !gates.has(type)))) continue;
      held.set(one, []);
      for (const [type, settings] of asked) {
        const gate = gates.get(type)!;
        const request = requestOf(one.run, spec!, settings, clock.now());
        const question = { to: one, request: isMarked ? { ...request, isMarked } : request };
        const others = questions.get(gate);
        if (others === undefined) questions.set(gate, [question]);
        else others.push(question);
      }
    }
    await Promise.all(
      [...questions].map(async ([gate, asked]) => {
        const answers = await this.#caller.ask(
          gate,
          asked.map(({ request }) => request),
        );
        for (const [index, { to }] of asked.entries()) {
          const answer = answers[index]!;
          const lookAgainAt = this.#lookAgainAt(gate, to.run, answer);
          if (answer.isOpen) inputs.set(to, [...(inputs.get(to) ?? []), ...(answer.inputs ?? [])]);
          if (!answer.isOpen && to.run.markedReady === null)
            held.get(to)!.push({ gateType: gate.gateType, answer, lookAgainAt });
        }
      }),
    );
    const at = clock.now();
    return [...held].map(([asked, closed]) => {
      const { run, look } = asked;
      const spec = specs.get(versionKey(run))!;
      if (closed.length === 0) {
        const read = inputs.get(asked) ?? [];
        const settlement = {
          id: run.id,
          look,
          at,
          isOpen: true,
          ...(read.length === 0 ? {} : { inputs: read }),
        } as const;
        return { run, spec, settlement };
      }
      const { wait, lookAgainAt } = mergeHeld(closed, run.wait?.since ?? at);
      const error = closed.find(({ answer }) => answer.failure !== undefined)?.answer.failure;
      // Its wakers are written first, and then it is asked about once more: a run that ended between the
      // question and the writing would have woken nobody.
      const isNewlyWoken = wait.wokenBy?.some((groupId) => !run.wait?.wokenBy?.includes(groupId)) === true;
      const lookAt = isNewlyWoken ? at : lookAgainAt;
      const answer = { id: run.id, look, at, isOpen: false } as const;
      if (error === undefined || isNewlyWoken) return { run, spec, settlement: { ...answer, wait, lookAt } };
      const isBlocking = run.kind === "SCHEDULED" && spec.onFailure !== "continue";
      return { run, spec, settlement: { ...answer, failure: { error, isBlocking } } };
    });
  }

  /** Returns when to ask a gate again, epoch ms, and counts how often it was broken. */
  #lookAgainAt(gate: Gate, { id }: Run, answer: GateAnswer): EpochMs {
    const key = `${gate.gateType} ${id}`;
    const now = this.#parts.clock.now();
    if (answer.isOpen || answer.isBroken !== true) {
      this.#failures.delete(key);
      return answer.isOpen ? now : nextLook(answer, now);
    }
    const failures = (this.#failures.get(key) ?? 0) + 1;
    if (this.#failures.size >= MOST_FAILURES) this.#failures.clear();
    this.#failures.set(key, failures);
    return now + backoffMs(BROKEN_BACKOFF, Math.min(failures, 30));
  }

  /** Returns the specifications of runs by group and version. */
  async #specsOf(due: readonly GatedRun[]): Promise<ReadonlyMap<string, ScheduleSpec>> {
    const { specs } = this.#parts;
    const unknown = new Set(due.flatMap(({ run }) => (specs.peek(run) === undefined ? [run.groupId] : [])));
    if (unknown.size > 0) await specs.load(unknown);
    const found = new Map<string, ScheduleSpec>();
    for (const { run } of due) {
      if (found.has(versionKey(run))) continue;
      const spec = specs.peek(run) ?? (await specs.get(run));
      if (spec !== undefined) found.set(versionKey(run), spec);
    }
    return found;
  }

  #brokenGate({ gateType }: Gate, message: string, request: GateRequest | undefined): void {
    if (!this.#isRunning) return;
    this.#trouble("GATE_BROKEN", `Gate "${gateType}" is broken: ${message}`, request);
  }

  #trouble(code: string, message: string, request?: GateRequest): void {
    const { emitter } = this.#parts;
    const of = request === undefined ? {} : { groupId: request.groupId, runId: request.runId };
    emitter.emit("trouble", { where: "gate", ...of, error: { code, message } });
  }
}

function nextLook({ lookAgainAt }: ClosedGate, now: EpochMs): EpochMs {
  if (lookAgainAt === undefined) return now + LOOK_EVERY_MS;
  return Math.max(Math.ceil(lookAgainAt), now + SHORTEST_PAUSE_MS);
}

function requestOf(
  run: Run,
  { timezone }: ScheduleSpec,
  settings: GateRequest["settings"],
  now: EpochMs,
): GateRequest {
  const { id: runId, groupId, kind, lower, upper, generation, scheduledTime, wait } = run;
  const interval = { lower, upper };
  const heldSince = wait?.since ?? now;
  return { runId, groupId, kind, interval, generation, scheduledTime, timezone, settings, heldSince };
}

function versionKey({ groupId, scheduleVersion }: Run): string {
  return `${groupId} ${scheduleVersion}`;
}
