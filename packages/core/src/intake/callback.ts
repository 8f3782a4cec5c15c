import type { EpochMs } from "../clock/clock.js";
import type { BackfillSelect } from "../run/backfill.js";
import type { Run } from "../run/run.js";

/** A fire that arrives from a foreign scheduler, for example over HTTP. */
export interface Callback {
  /**
   * Engine that calls, in any case. Any engine may fire what a group owes; only the group's own may repeat
   * what is done.
   */
  readonly engine: string;
  readonly groupId: string;
  /** Nominal time that the scheduler fires for, epoch ms. @default now */
  readonly scheduledTime?: EpochMs | null | undefined;
  /** Start of the interval, inclusive, epoch ms. Given with `upperBoundary` or not at all. */
  readonly lowerBoundary?: EpochMs | null | undefined;
  /** End of the interval, exclusive, epoch ms. */
  readonly upperBoundary?: EpochMs | null | undefined;
  readonly rerun?: RerunRequest | null | undefined;
}

/** A request to run the interval of a callback once more. */
export interface RerunRequest {
  /** Idempotency key, 1 to 200 characters: each id re-runs the interval at most once. */
  readonly id: string;
  /** In which cases the interval runs again. */
  readonly select: BackfillSelect;
}

/** Outcome of a callback. */
export interface Taken {
  /** The run that stands for the interval. */
  readonly run: Pick<Run, "id" | "lower" | "upper">;
  /** Whether the interval had been planned before. */
  readonly duplicate: boolean;
}
