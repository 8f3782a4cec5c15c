import type { Clock, ClockTimer } from "../clock/clock.js";

/** Dependencies of `PlanLine`. */
export interface PlanLineParts {
  readonly clock: Clock;
  /**
   * How long a group waits at most, ms: then it is planned, and its run waits to be claimed. Three times that while the line
   * moves so fast that everybody's turn comes within that time.
   */
  readonly longestMs: number;
  /** Returns how many runs could be carried out at once if they were planned now. */
  readonly room: () => number;
  /** Plans groups. Resolves when that is done; never rejects. */
  readonly plan: (groupIds: readonly string[]) => Promise<void>;
}

/** How much longer a group waits in a line that moves fast. */
const FAST_TIMES = 3;

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
  readonly #pace: Pace;
  /** How many groups may go on although runs in the store are claimed before theirs. */
  #share = 0;
  #isWoken = false;
  #timer: ClockTimer | undefined;

  constructor(parts: PlanLineParts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.longestMs);
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
    const now = this.#parts.clock.monotonicNow();
    this.#pace.add(Math.min(most, this.#waiting.size), now);
    const before = now - this.#patienceMs(now);
    const taken: string[] = [];
    for (const [groupId, since] of this.#waiting) {
      if (taken.length >= most && since > before) break;
      taken.push(groupId);
      this.#waiting.delete(groupId);
    }
    return taken;
  }

  #patienceMs(now: number): number {
    const { longestMs } = this.#parts;
    const isFast = this.#pace.isMoving(now) && this.#waiting.size <= FAST_TIMES * this.#pace.at(now);
    return isFast ? FAST_TIMES * longestMs : longestMs;
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
    const now = clock.monotonicNow();
    // A line that moves fast now may stand still in a moment.
    const isDue = now - first >= longestMs;
    this.#timer = clock.wakeAfter(isDue ? this.#pace.momentMs : first + longestMs - now, () => {
      this.#timer = undefined;
      this.#goOn();
    });
  }
}

/** How many have been taken because there was room, within about the last so many milliseconds. */
class Pace {
  /** After so long without any, ms, the line does not move. */
  readonly momentMs: number;
  readonly #windowMs: number;
  #lastAt = Number.NEGATIVE_INFINITY;
  #since = 0;
  #count = 0;
  #before = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.momentMs = windowMs / 5;
  }

  add(count: number, now: number): void {
    this.#turn(now);
    this.#count += count;
    if (count > 0) this.#lastAt = now;
  }

  isMoving(now: number): boolean {
    return now - this.#lastAt < this.momentMs;
  }

  /** Returns the count of the last whole window, or of the present one if that is higher already. */
  at(now: number): number {
    this.#turn(now);
    return Math.max(this.#before, this.#count);
  }

  #turn(now: number): void {
    const elapsed = now - this.#since;
    if (elapsed < this.#windowMs) return;
    this.#before = elapsed < 2 * this.#windowMs ? this.#count : 0;
    this.#count = 0;
    this.#since = now;
  }
}
