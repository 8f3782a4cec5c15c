import type { Clock, ClockTimer } from "../clock/clock.js";

/** Dependencies of `PlanLine`. */
export interface PlanLineParts {
  readonly clock: Clock;
  /** How long a group waits at most, ms: then it is planned, and its run waits to be claimed. */
  readonly longestMs: number;
  /** Returns how many runs could be carried out at once if they were planned now. */
  readonly room: () => number;
  /** Plans groups. Resolves when that is done; never rejects. */
  readonly plan: (groupIds: readonly string[]) => Promise<void>;
}

/**
 * Groups that owe more, in the order in which their last runs have ended. Each is planned when its next run can be
 * carried out at once: a run that is planned and claimed together is written twice in its life, one that has to be
 * claimed later three times.
 */
export class PlanLine {
  readonly #parts: PlanLineParts;
  /** Since when each group waits, in elapsed time, ms; in the order of these. */
  readonly #waiting = new Map<string, number>();
  /** How many groups are being planned. */
  #underWay = 0;
  /** How many groups may go on although runs in the store are claimed before theirs. */
  #share = 0;
  #isWoken = false;
  #timer: ClockTimer | undefined;

  constructor(parts: PlanLineParts) {
    this.#parts = parts;
  }

  /** Adds groups; those for which there is room are planned at once. */
  add(groupIds: readonly string[]): void {
    const since = this.#parts.clock.monotonicNow();
    for (const groupId of groupIds) if (!this.#waiting.has(groupId)) this.#waiting.set(groupId, since);
    this.#goOn();
  }

  /** Removes a group that was planned for another reason. */
  delete(groupId: string): void {
    this.#waiting.delete(groupId);
  }

  /**
   * Plans those that there is room for now, once per turn of the event loop.
   *
   * @param share - how many may go on in any case
   */
  wake(share: number): void {
    if (this.#waiting.size === 0) return;
    this.#share = Math.max(this.#share, share);
    if (this.#isWoken) return;
    this.#isWoken = true;
    // Of runs that end together, each makes room.
    process.nextTick(() => {
      this.#isWoken = false;
      this.#goOn();
    });
  }

  clear(): void {
    this.#waiting.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #goOn(): void {
    const most = Math.max(this.#parts.room() - this.#underWay, this.#share);
    this.#share = 0;
    const groupIds = this.#take(most);
    if (groupIds.length > 0) void this.#plan(groupIds);
    this.#watch();
  }

  /** Takes the first of them, and all those that have waited too long. */
  #take(most: number): string[] {
    const { clock, longestMs } = this.#parts;
    const before = clock.monotonicNow() - longestMs;
    const taken: string[] = [];
    for (const [groupId, since] of this.#waiting) {
      if (taken.length >= most && since > before) break;
      taken.push(groupId);
      this.#waiting.delete(groupId);
    }
    return taken;
  }

  async #plan(groupIds: readonly string[]): Promise<void> {
    this.#underWay += groupIds.length;
    await this.#parts.plan(groupIds);
    this.#underWay -= groupIds.length;
    this.wake(0);
  }

  /** Looks again when the first group has waited for too long. */
  #watch(): void {
    const [first] = this.#waiting.values();
    if (first === undefined || this.#timer !== undefined) return;
    const { clock, longestMs } = this.#parts;
    this.#timer = clock.wakeAfter(Math.max(0, first + longestMs - clock.monotonicNow()), () => {
      this.#timer = undefined;
      this.#goOn();
    });
  }
}
