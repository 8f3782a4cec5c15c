import { StoreError } from "@tidegate/core";
import {
  Batcher,
  type BatcherOptions,
  type EndEffect,
  isEnded,
  isStoreWide,
  type NewRun,
  type PlanAnswer,
  type PlanCommit,
  type RunChange,
  type RunEnd,
} from "@tidegate/core/store";
import { hasTwins } from "@tidegate/store-kit";
import { toArrays } from "./arrays.js";
import { callAll, callFor, type GroupRead, type Opened, statementFor, statementOf } from "./calls.js";
import type { Claims } from "./claims.js";
import { CHANGE_COLUMNS } from "./migrations/0002-places/run-functions.js";
import { type NextCall, ofPlans } from "./offsets.js";
import { planColumns } from "./plans.js";
import { isDuplicate, isUnexpected } from "./postgres-errors.js";
import { changeRow } from "./run-changes.js";
import { droppingSplit } from "./shards.js";
import { claimOf, endRuns, isPlainEnd, type PlainStep, plainOf, planPlain } from "./shortcuts.js";
import { changedSnapshotsOf, snapshotsOf } from "./snapshots.js";
import { answers, wavesOf } from "./waves.js";

/**
 * If the store as a whole has failed, a batch may have been written all the same. Its callers look, rather than take a
 * refusal of the same batch for an answer.
 */
const BY_ELEMENT: BatcherOptions = {
  isOfOne: (error) => !(error instanceof StoreError && isStoreWide(error.code)),
};

/** The plans, ends and changes of runs that one process writes at the same time, each kind as one batch. */
export class RunBatches {
  readonly #opened: () => Opened;
  readonly #claims: Claims;
  readonly #plans = new Batcher<PlainStep, PlanAnswer>((steps) => this.#planTogether(steps), BY_ELEMENT);
  readonly #ends = new Batcher<RunEnd, EndEffect | undefined>((ends) => this.#endTogether(ends), BY_ELEMENT);
  readonly #changes = new Batcher<RunChange, boolean>((changes) => this.#changeTogether(changes), BY_ELEMENT);

  /** @param opened - returns the open database, or throws STORE_CLOSED */
  constructor(opened: () => Opened, claims: Claims) {
    this.#opened = opened;
    this.#claims = claims;
  }

  plan(steps: readonly PlainStep[]): Promise<PlanAnswer[]> {
    return this.#plans.add(steps);
  }

  end(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
    return this.#ends.add(ends);
  }

  change(changes: readonly RunChange[]): Promise<boolean[]> {
    return this.#changes.add(changes);
  }

  /** Resolves when everything is written that was asked for. */
  async settled(): Promise<void> {
    await Promise.all([this.#plans.settled(), this.#ends.settled()]);
    await this.#changes.settled();
  }

  async #planInWaves(commits: readonly PlanCommit[]): Promise<boolean[]> {
    const made: boolean[] = new Array(commits.length).fill(false);
    const isAlone = ({ unlessOpen, seal }: PlanCommit) => unlessOpen !== undefined || seal !== undefined;
    for (const wave of wavesOf(commits, ({ groupId }) => groupId, isAlone)) {
      const answer = await this.#planWave(wave.map(({ element }) => element));
      for (const [index, { no }] of wave.entries()) made[no] = answer[index]!;
    }
    return made;
  }

  /** @param isWary - whether to look for runs that exist already, which hardly ever happens */
  async #planWave(wave: readonly PlanCommit[], isWary = false): Promise<boolean[]> {
    try {
      const pooled = wave.flatMap(({ runs }) => runs.filter(({ isPooled }) => isPooled === true));
      const columns = [String(isWary), ...planColumns(wave)];
      const planning = planningCall(columns, pooled, wave[0]?.unlessOpen);
      const calls = [planning, ...ofPlans(wave), ...snapshotsOf(wave.flatMap(({ runs }) => runs))];
      const { groupId, seal } = wave[0]!;
      const made = await callIfSealedAs(this.#opened(), { groupId, seal }, calls);
      return answers(
        wave.length,
        made.map((no) => no - 1),
      );
    } catch (error) {
      if (!(error instanceof StoreError) || !isDuplicate(error.cause)) throw error;
      if (!isWary) return this.#planWave(wave, true);
      // A run is in two commits, or another process is inserting it at this moment: the next statement sees it.
      if (wave.length === 1 && hasTwins(wave[0]!.runs)) return [false];
      const one: boolean[] = [];
      for (const commit of wave) one.push(...(await this.#planWave([commit], true)));
      return one;
    }
  }

  /** Makes what is plain in one statement; the rest is planned one wave after the other. */
  async #planTogether(steps: readonly PlainStep[]): Promise<PlanAnswer[]> {
    const plain = plainOf(steps);
    const { owner, ...claim } = claimOf(plain.map((no) => steps[no]!));
    const planned = this.#planParts(steps, plain);
    return owner === null ? planned : this.#claims.noting({ owner, ...claim }, planned);
  }

  async #planParts(steps: readonly PlainStep[], plain: readonly number[]): Promise<PlanAnswer[]> {
    const answers: PlanAnswer[] = new Array(steps.length).fill("refused");
    const { database, schema } = this.#opened();
    const done = new Set<number>();
    try {
      const chosen = plain.map((no) => steps[no]!);
      const { made, gated } = await planPlain(database, schema, chosen);
      for (const [index, run] of made) answers[plain[index]!] = run ?? "planned";
      // The others are outdated, as they would be in a wave.
      const general = new Set(gated);
      for (const [index, no] of plain.entries()) if (!general.has(index)) done.add(no);
    } catch (error) {
      if (!(error instanceof StoreError) || !isDuplicate(error.cause)) throw error;
    }
    const rest = [...steps.keys()].filter((no) => !done.has(no));
    const planned = await this.#planInWaves(rest.map((no) => steps[no]!.commit));
    for (const [index, no] of rest.entries()) if (planned[index]) answers[no] = "planned";
    return answers;
  }

  async #endTogether(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
    const effects: (EndEffect | undefined)[] = new Array(ends.length).fill(undefined);
    const { database, schema } = this.#opened();
    const isPlain = ends.map(isPlainEnd);
    const plain = [...ends.keys()].filter((no) => isPlain[no]);
    const rest = [...ends.keys()].filter((no) => !isPlain[no]);
    try {
      const chosen = plain.map((no) => ends[no]!);
      const told = plain.length === 0 ? [] : await endRuns(database, schema, chosen);
      // A slot of a pool may be free now, for which others wait.
      const areOthers = this.#claims.hasPooled;
      for (const [index, no] of plain.entries()) {
        const { mayAdmit, group } = told[index]!;
        effects[no] = { mayAdmit: mayAdmit || areOthers, group };
      }
    } catch (error) {
      if (!(error instanceof StoreError) || !isUnexpected(error.cause)) throw error;
      rest.push(...plain);
      rest.sort((a, b) => a - b);
    }
    const done = await this.#changes.add(rest.map((no) => ends[no]!.change));
    for (const [index, no] of rest.entries())
      if (done[index]) effects[no] = { mayAdmit: true, group: undefined };
    return effects;
  }

  async #changeTogether(changes: readonly RunChange[]): Promise<boolean[]> {
    const made: number[] = [];
    for (const wave of wavesOf(changes, ({ id }) => id, isAlone)) {
      const rows = wave.map(({ element, no }) => changeRow(element, no));
      const changing: NextCall = ["change_runs", ...toArrays(CHANGE_COLUMNS, rows)];
      const calls = [changing, ...changedSnapshotsOf(wave)];
      const { id: runId, seal, dropsSplit } = wave[0]!.element;
      made.push(
        ...(dropsSplit === true
          ? await changeWithoutSplit(this.#opened(), { runId, seal }, calls)
          : await callIfSealedAs(this.#opened(), { runId, seal }, calls)),
      );
    }
    return answers(changes.length, made);
  }
}

/** Makes calls that return what was made: nothing if the group has another seal than the one that was read, if any was. */
async function callIfSealedAs(
  opened: Opened,
  read: GroupRead,
  calls: readonly NextCall[],
): Promise<readonly number[]> {
  if (read.seal === undefined) return callAll<number[]>(opened, ...calls);
  return (await callFor<number[]>(opened, read, ...calls)) ?? [];
}

/** As `callIfSealedAs`, for the change of one run, whose split is dropped if it is made. */
async function changeWithoutSplit(
  { database, schema }: Opened,
  read: GroupRead & { readonly runId: string },
  calls: readonly NextCall[],
): Promise<readonly number[]> {
  const change = read.seal === undefined ? statementOf(schema, calls) : statementFor(schema, read, calls);
  const { text, values } = droppingSplit(schema, read.runId, change);
  const [row] = await database.query<{ answer: number[] | null }>(text, values);
  return row?.answer ?? [];
}

/** Returns the call that plans a wave, in which a step that other runs may forbid is alone. */
function planningCall(
  columns: readonly string[],
  pooled: readonly NewRun[],
  unlessOpen: PlanCommit["unlessOpen"],
): NextCall {
  const ids = toArrays(["id"], pooled);
  if (unlessOpen !== undefined) return ["plan_unless", ...columns, ...ids, unlessOpen];
  return pooled.length === 0 ? ["plan_wave", ...columns] : ["plan_pooled", ...columns, ...ids];
}

/** Returns whether a change may revive an ended run, depends on a seal, or drops a split. */
function isAlone({ from, state, seal, dropsSplit }: RunChange): boolean {
  return seal !== undefined || dropsSplit === true || (!isEnded(state) && from.some(isEnded));
}
