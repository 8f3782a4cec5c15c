import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";
import type { SpecCache } from "../planning/spec-cache.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { ClaimedRun, ClaimRequest } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { ofEndedReadings } from "./ended-readings.js";
import type { Leases } from "./leases.js";
import { PlannedClaims } from "./planned-claims.js";

/** Dependencies of `ClaimLoop`. */
export interface ClaimLoopParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly specs: SpecCache;
  readonly leases: Pick<Leases, "size" | "catchUp" | "keep">;
  /** Name of this manager, unique among those that share the store. */
  readonly owner: string;
  /** Types of this manager's operators: runs of others are left to managers that have them. */
  readonly operators: readonly string[];
  /** Most runs that this manager has active at once. */
  readonly maxConcurrentRuns: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  /**
   * Carries out a run.
   *
   * @param known - its specification, if it is in memory
   * @param isRebased - whether it is of an earlier reading of its source
   */
  readonly launch: (claimed: ClaimedRun, known: ScheduleSpec | undefined, isRebased: boolean) => void;
  /** See `DispatcherParts.onNextLook`. */
  readonly onNextLook: (at: EpochMs | undefined) => void;
  /** See `DispatcherParts.onRoom`. */
  readonly onRoom: (share: number) => void;
  /** Called if the store cannot be asked. */
  readonly onTrouble: (error: unknown) => void;
}

const CLAIM_BATCH = 1_000;

/**
 * How many runs of the store are ready, as far as a manager knows: none; a few that have become ready since a claim took
 * all there were; or more than there was room for.
 */
type Ready = "none" | "few" | "many";

/** If this share of its places is free, a manager has room for the few that are ready and for what it plans. */
const AMPLE_SHARE = 0.25;

/** A manager that has taken more than this share of its places is busy. */
const BUSY_SHARE = 1 / 16;

/** Claims runs as far as a manager has room for them: those that are ready in the store, and those that it plans. */
export class ClaimLoop {
  readonly #parts: ClaimLoopParts;
  readonly #plannedClaims: PlannedClaims;
  #isRunning = false;
  /** The claiming in progress. */
  #pumping: Promise<void> | undefined;
  #isWokenAgain = false;
  #ready: Ready = "many";
  /** How many runs are kept room for that the claim in progress may return. */
  #claiming = 0;
  /** Whether there is more room than when the claiming in progress looked last. */
  #hasMoreRoom = false;
  #isSaturated = false;
  /** How many groups may be planned while runs wait to be claimed; the fraction is left for the next. */
  #share = 0;
  #wakeTimer: ClockTimer | undefined;

  constructor(parts: ClaimLoopParts) {
    this.#parts = parts;
    this.#plannedClaims = new PlannedClaims({
      store: parts.store,
      room: () => this.#roomOfPlans(),
      requestOf: (limit) => this.#requestOf(limit),
      launch: (claimed) => this.#launchPlanned(claimed),
      onRoom: () => this.madeRoom(),
    });
  }

  start(): void {
    this.#isRunning = true;
    this.wake();
  }

  /** Claims no more. Resolves when what was claimed is launched. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#wakeTimer?.cancel();
    await this.#pumping;
    await this.#plannedClaims.settled();
  }

  /** Whether more runs are ready than this manager carries out: then each that is planned ahead only makes it slower. */
  get isSaturated(): boolean {
    return this.#isSaturated;
  }

  /** Whether this manager carries out so much at once that it may fall behind. */
  get isBusy(): boolean {
    return this.#taken() > this.#parts.maxConcurrentRuns * BUSY_SHARE;
  }

  /** How many runs could be carried out at once if they were planned now: none while others wait to be claimed. */
  get room(): number {
    return Math.min(CLAIM_BATCH, this.#roomOfPlans());
  }

  /** Returns the room for what one transaction plans, however much that is: it is claimed with no claim of its own. */
  #roomOfPlans(): number {
    if (!this.#isRunning || this.#ready === "many") return 0;
    const room = this.#free();
    // Those few are claimed in a moment as well, so it does not matter who is first.
    return this.#ready === "none" || room >= this.#parts.maxConcurrentRuns * AMPLE_SHARE ? room : 0;
  }

  /** Checks for claimable runs now. */
  wake(): void {
    if (!this.#isRunning) return;
    this.noteReady();
    this.#pumping ??= this.#pump();
  }

  /** Notes that a run may have become ready since the last claim. */
  noteReady(): void {
    if (this.#ready === "none") this.#ready = "few";
    if (this.#pumping !== undefined) this.#isWokenAgain = true;
  }

  /**
   * Notes that there is room: first for what is in the store. A claim in progress either takes all that there is room for or
   * finds that nothing is left, so it is not repeated for that.
   */
  madeRoom(): void {
    if (this.room > 0) this.#parts.onRoom(0);
    if (this.#pumping !== undefined) this.#hasMoreRoom = true;
    else if (this.#ready !== "none") this.wake();
  }

  /** Plans, and carries out at once those of the runs that have nothing before them; see `RunLedger.plan`. */
  async plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    // The claim in progress may find that nothing is left before these.
    const mayClaim = this.#parts.store.planAndClaim !== undefined && this.#room() + this.#claiming > 0;
    if (mayClaim && this.room === 0) await this.#pumping;
    return this.#plannedClaims.plan(commits);
  }

  /** Claims until there is no room or nothing left, then determines when to check again. */
  async #pump(): Promise<void> {
    let next: EpochMs | undefined;
    try {
      // Runs that are planned or end in one turn of the event loop share one claim.
      await null;
      do {
        this.#isWokenAgain = false;
        this.#isSaturated = this.#room() === 0;
        for (let room = this.#roomToClaim(); room > 0 && this.#isRunning; room = this.#roomToClaim()) {
          if ((await this.#claimUpTo(room)) < room) break;
        }
      } while (this.#isWokenAgain && this.#isRunning);
      const scope = { operators: this.#parts.operators, now: this.#parts.clock.now() };
      const { claimAt, lookAt } = await this.#parts.store.nextWake(scope);
      next = claimAt;
      this.#parts.onNextLook(lookAt);
    } catch (error) {
      this.#parts.onTrouble(error);
      this.#claiming = 0;
      this.#ready = "many";
      next = this.#parts.clock.now() + this.#parts.pollMs;
    }
    this.#pumping = undefined;
    this.#parts.leases.keep();
    if (this.#isWokenAgain || (this.#hasMoreRoom && this.#ready !== "none")) this.wake();
    else this.#sleepUntil(next);
    if (this.room > 0) this.#parts.onRoom(0);
  }

  /** Claims and launches at most so many runs; returns how many. */
  async #claimUpTo(room: number): Promise<number> {
    const { store, specs, leases, launch } = this.#parts;
    this.#claiming = room;
    await leases.catchUp();
    const claimed = await store.claim(this.#requestOf(room));
    // Each look hashes the run's id, so a run that is known is looked up once.
    const known = claimed.map(({ run }) => specs.peek(run));
    const unknown = claimed.filter((_, index) => known[index] === undefined);
    if (unknown.length > 0) await specs.load(new Set(unknown.map(({ run }) => run.groupId)));
    const runs = claimed.map(({ run }) => run);
    const ended = await ofEndedReadings(store, runs);
    for (const [index, claim] of claimed.entries()) launch(claim, known[index], ended.has(claim.run.id));
    this.#claiming = 0;
    this.#isSaturated = claimed.length === room;
    if (claimed.length === room) this.#ready = "many";
    else this.#ready = this.#isWokenAgain ? "few" : "none";
    if (claimed.length === room) this.#shareRoom(room);
    return claimed.length;
  }

  /**
   * Lets groups that wait for room be planned although the store has runs that are ready: half as many as were claimed,
   * so that this manager comes to the end of those.
   */
  #shareRoom(claims: number): void {
    this.#share = (this.#share % 1) + claims / 2;
    this.#parts.onRoom(Math.floor(this.#share));
  }

  #launchPlanned(claimed: readonly ClaimedRun[]): void {
    const { specs, leases, launch } = this.#parts;
    for (const claim of claimed) {
      const { groupId, scheduleVersion } = claim.run;
      launch(claim, specs.peekVersion(groupId, scheduleVersion), false);
    }
    leases.keep();
  }

  #taken(): number {
    return this.#parts.leases.size + this.#plannedClaims.reserved + this.#claiming;
  }

  /** Returns how many places are free. */
  #free(): number {
    return Math.max(0, this.#parts.maxConcurrentRuns - this.#taken());
  }

  /** Returns how many runs one claim may take. */
  #room(): number {
    return Math.min(CLAIM_BATCH, this.#free());
  }

  /** Returns the room for the next claim: a few runs leave half of it to what is planned meanwhile. */
  #roomToClaim(): number {
    this.#hasMoreRoom = false;
    const isShared = this.#ready === "few" && this.#parts.store.planAndClaim !== undefined;
    return isShared ? Math.ceil(this.#room() / 2) : this.#room();
  }

  #requestOf(limit: number): ClaimRequest {
    const { clock, leaseMs, owner, operators } = this.#parts;
    const now = clock.now();
    return { owner, operators, now, leaseUntil: now + leaseMs, limit };
  }

  /**
   * Sleeps until the next run may be claimed; at most until the next poll if other processes plan as well. Without
   * room, the end of a run is the time to look again.
   */
  #sleepUntil(next: EpochMs | undefined): void {
    const { clock, store, pollMs } = this.#parts;
    this.#wakeTimer?.cancel();
    if (!this.#isRunning) return;
    if (this.#room() === 0) this.#ready = "many";
    const now = clock.now();
    const poll = store.isShared ? now + pollMs : Number.POSITIVE_INFINITY;
    const at = this.#room() > 0 ? Math.min(Math.max(now + 1, next ?? poll), poll) : poll;
    if (at < Number.POSITIVE_INFINITY) this.#wakeTimer = clock.wakeAt(at, () => this.wake());
  }
}
