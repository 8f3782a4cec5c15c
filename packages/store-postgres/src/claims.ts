import type { EpochMs } from "@tidegate/core";
import {
  type ClaimedRun,
  type ClaimRequest,
  type ClaimScope,
  DEFAULT_PRIORITY,
  type NextWake,
  pooledFirst,
  URGENT,
} from "@tidegate/core/store";
import type { Opened } from "./calls.js";
import { ClaimFloors } from "./claim-floors.js";
import { claim, nextWake } from "./leases.js";
import { claimLost, LostClaims } from "./lost-claims.js";
import { choice as choosePooled, claimChosen } from "./pools.js";

/** The claims of one process: whose turn it is, where they begin to look, and what an answer that was lost may have claimed. */
export class Claims {
  readonly #opened: () => Opened;
  readonly #floors = new ClaimFloors();
  readonly #lost = new LostClaims();
  /** How many ready runs this process has claimed. */
  #turn = 0;
  /** Whether ready runs were there that pools choose, when this process claimed last; at first it may be so. */
  #hasPooled = true;

  /** @param opened - returns the open database, or throws STORE_CLOSED */
  constructor(opened: () => Opened) {
    this.#opened = opened;
  }

  /** Whether runs may wait that pools choose. */
  get hasPooled(): boolean {
    return this.#hasPooled;
  }

  /** Claims runs: see `RunQueue.claim`. */
  async claim(request: ClaimRequest): Promise<ClaimedRun[]> {
    const { database, schema } = this.#opened();
    const lost = this.#lost.due(request.owner, request.now);
    if (lost.length > 0) {
      const found = await this.noting(request, claimLost(database, schema, request, lost));
      if (found.length > 0) return found;
    }
    return this.noting(request, this.#ready(request));
  }

  /** Returns when there is something to claim: see `RunQueue.nextWake`. */
  nextWake(scope: ClaimScope): Promise<NextWake> {
    const { database, schema } = this.#opened();
    return nextWake(database, schema, this.#floors.of(scope.operators), scope);
  }

  /**
   * Has the next claims look for what a write may have made claimable from these instants on, even if it
   * fails: its answer may be all that was lost.
   */
  async wrote<T>(times: readonly EpochMs[], write: Promise<T>): Promise<T> {
    try {
      return await write;
    } finally {
      if (times.length > 0) this.#floors.wrote(times.reduce((least, at) => Math.min(least, at)));
    }
  }

  async #ready(request: ClaimRequest): Promise<ClaimedRun[]> {
    const claimed = this.#hasPooled ? await this.#claimTogether(request) : await this.#claimInOrder(request);
    if (this.#hasPooled && claimed.length < request.limit)
      claimed.push(...(await this.#claimPooled(request, claimed.length)));
    this.#turn += claimed.filter(({ isRecovered }) => !isRecovered).length;
    return claimed;
  }

  /** Has what a claim may have got looked for again if its answer is lost. */
  async noting<T>(
    request: Pick<ClaimRequest, "owner" | "leaseUntil" | "now">,
    claim: Promise<T>,
  ): Promise<T> {
    try {
      return await claim;
    } catch (error) {
      this.#lost.add(request);
      throw error;
    }
  }

  async #claimInOrder(request: ClaimRequest): Promise<ClaimedRun[]> {
    const { database, schema } = this.#opened();
    const { claimed, hasPooled } = await claim(database, schema, this.#floors, this.#turn, request);
    this.#hasPooled = hasPooled;
    return claimed;
  }

  /** `takeTogether` of core, except that one place is left to runs of dead owners, which come first. */
  async #claimTogether(request: ClaimRequest): Promise<ClaimedRun[]> {
    const { database, schema: s } = this.#opened();
    const choice = await choosePooled(database, s, request, request.limit);
    const urgent = choice.take(request.limit - 1, URGENT);
    const first = pooledFirst(this.#turn, request.limit - 1 - urgent.length);
    const chosen = [...urgent, ...choice.take(first, DEFAULT_PRIORITY)];
    const inOrder = await this.#claimInOrder({ ...request, limit: request.limit - chosen.length });
    const pooled = await claimChosen(database, s, chosen, choice, request);
    const recovered = inOrder.filter(({ isRecovered }) => isRecovered);
    return [...recovered, ...pooled, ...inOrder.slice(recovered.length)];
  }

  /** Fills the places that are left. */
  async #claimPooled(request: ClaimRequest, taken: number): Promise<ClaimedRun[]> {
    const { database, schema: s } = this.#opened();
    const room = request.limit - taken;
    const choice = await choosePooled(database, s, request, room);
    return claimChosen(database, s, choice.take(room), choice, request);
  }
}
