import { isDeepStrictEqual } from "node:util";
import { LedgerError } from "../errors/errors.js";
import type { ScheduleOperator } from "../operator/operator.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { shardPolicyOf } from "../shard/shard-policy.js";
import { jobRequest } from "./request.js";
import { ShardCrew, type ShardCrewParts } from "./shard-crew.js";
import type { ShardLedger } from "./shard-ledger.js";

/** Dependencies of `FormerSplit`. */
export interface FormerSplitParts
  extends Pick<ShardCrewParts, "clock" | "ledger" | "mayHaveJobs" | "secure" | "onTrouble"> {
  /** The run, of a later version. */
  readonly run: Run;
  /** The specification whose job was split. */
  readonly spec: ScheduleSpec | undefined;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
}

/** A split of a run whose job is now another one: it is ended before the new job begins. */
export class FormerSplit {
  readonly #parts: FormerSplitParts;
  #crew: ShardCrew | undefined;

  constructor(parts: FormerSplitParts) {
    this.#parts = parts;
  }

  /** Whether the `submit` of a shard is in progress, so that its job can be stopped. */
  get isSubmitting(): boolean {
    return this.#crew?.isSubmitting === true;
  }

  /** Leaves the shards to whoever claims the run next. */
  abandon(): void {
    this.#crew?.abandon();
  }

  /**
   * Stops the jobs of all shards, by the operator that has them, and drops the split.
   *
   * @throws LedgerError RUN_STATE_ILLEGAL if one may still be working, or the run is another's
   */
  async end(): Promise<void> {
    const { ledger } = this.#parts;
    if (hasOpenJobs(ledger)) {
      this.#crew = this.#crewToStop();
      await this.#crew.cancel();
      if (hasOpenJobs(ledger)) throw this.#atLarge("they were left to the next holder of the run");
    }
    await ledger.drop();
  }

  #crewToStop(): ShardCrew {
    const { run, spec, operators, ...parts } = this.#parts;
    const operator = spec && operators.get(spec.operator.toLowerCase());
    if (spec === undefined || operator === undefined)
      throw this.#atLarge(`their operator "${spec?.operator ?? "unknown"}" is not here`);
    const request = jobRequest(run, spec);
    return new ShardCrew({
      ...parts,
      run,
      spec,
      operator,
      request,
      policy: shardPolicyOf(spec.shards ?? {}),
    });
  }

  #atLarge(problem: string): LedgerError {
    const { run, ledger } = this.#parts;
    return new LedgerError(
      "RUN_STATE_ILLEGAL",
      `Shards of run ${run.id} that version ${ledger.scheduleVersion} of its schedule has begun may still be working and could not be stopped: ${problem}. This is tried again; the run's new job begins when they have stopped.`,
    );
  }
}

/** Returns whether two versions of a schedule give a run the same job, so that its parts are the same. */
export function isSameJob(a: ScheduleSpec, b: ScheduleSpec): boolean {
  const isSameOperator = a.operator.toLowerCase() === b.operator.toLowerCase();
  return isSameOperator && a.mode === b.mode && isDeepStrictEqual(a.job, b.job);
}

function hasOpenJobs({ shards }: ShardLedger): boolean {
  return shards.some(({ isJobOpen }) => isJobOpen);
}
