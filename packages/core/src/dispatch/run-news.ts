import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import { isUncovered } from "../run/covering.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import type { RunChange } from "../store/run-queue.js";
import type { GroupState } from "../store/run-shortcuts.js";
import { changedRun } from "./changed-run.js";

/** Publishes events about runs, which cost nothing when nobody listens, and signals their ends. */
export class RunNews {
  readonly #emitter: TidegateEmitter;
  readonly #signals: SignalEmitter;
  #endedGroups = new Set<string>();
  #uncoveredGroups = new Set<string>();
  #groups = new Map<string, GroupState>();

  constructor(emitter: TidegateEmitter, signals: SignalEmitter) {
    this.#emitter = emitter;
    this.#signals = signals;
  }

  claimed(run: Run): void {
    if (this.#emitter.listenerCount("run-state") === 0) return;
    this.#emitter.emit("run-state", { run, from: "PLANNED" });
  }

  /** @param group - its state after the change, if the store has told it */
  changed(before: Run, change: RunChange, group?: GroupState): void {
    if (isEnded(change.state)) this.#ended(before, change, group);
    const { state, reason = null } = change;
    if (isUncovered({ state, reason, isSuperseded: false })) this.#uncoveredGroups.add(before.groupId);
    if (this.#emitter.listenerCount("run-state") === 0) return;
    this.#emitter.emit("run-state", { run: changedRun(before, change), from: before.state });
  }

  trouble(error: unknown, run?: Run): void {
    const code = (error as { code?: unknown } | null)?.code;
    this.#emitter.emit("trouble", {
      where: "dispatcher",
      ...(run === undefined ? {} : { groupId: run.groupId, runId: run.id }),
      error: { code: typeof code === "string" ? code : "DISPATCH_FAILED", message: messageOf(error) },
    });
  }

  /** Groups whose runs ended in one turn of the event loop are reported together. */
  #ended(
    run: Run,
    { state, scheduleVersion = run.scheduleVersion }: RunChange,
    group: GroupState | undefined,
  ): void {
    const { groupId, lower, upper, generation } = run;
    // One that was cancelled or has failed may be found to have succeeded.
    if (!isEnded(run.state) || state === "SUCCEEDED")
      this.#signals.emit("run-ended", { groupId, lower, upper, generation, scheduleVersion, state });
    const isFirst = !this.#endedGroups.has(groupId);
    this.#endedGroups.add(groupId);
    // Known only if it is known after each of several ends.
    if (group === undefined) this.#groups.delete(groupId);
    else if (isFirst || this.#groups.has(groupId)) this.#groups.set(groupId, group);
    if (this.#endedGroups.size > 1) return;
    queueMicrotask(() => {
      const groups = this.#endedGroups;
      const uncovered = this.#uncoveredGroups;
      const states = this.#groups;
      this.#endedGroups = new Set();
      this.#uncoveredGroups = new Set();
      this.#groups = new Map();
      this.#signals.emit("runs-ended", groups, uncovered, states);
    });
  }
}
