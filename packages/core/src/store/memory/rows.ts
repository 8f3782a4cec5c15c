import type { EpochMs } from "../../clock/clock.js";
import type { Pooling } from "../../pool/pooling.js";
import type { ClaimQueue } from "../../run/claim-order.js";
import type { Gating } from "../../run/gating.js";
import type { Run } from "../../run/run.js";
import type { Schedule, ScheduleVersion } from "../../schedule/schedule.js";
import type { BackfillRow } from "./backfill-table.js";
import type { HeapItem, IndexedHeap } from "./indexed-heap.js";
import type { RunIndex } from "./run-index.js";

/** A run whose fields are writable. */
export type MutableRun = { -readonly [Field in keyof Run]: Run[Field] };

/**
 * A run as the table stores it. It is in the queue that belongs to its place: its lane's, a claim queue,
 * that of leases, or that of gates.
 */
export interface RunRow extends HeapItem {
  readonly run: MutableRun;
  readonly group: Group;
  readonly backfill: BackfillRow | undefined;
  /** The newest fencing token; 0 if it was never claimed. */
  token: number;
  /** The claim queue it waits in when it is ready. */
  queue: ClaimQueue;
  gating: Gating;
  /** How it is chosen, unless it is claimed in order. */
  pooling: Pooling | undefined;
  /** When it is due to be asked about while it is gated; 0 if it was woken. */
  lookAt: EpochMs;
  /** See `GatedRun.look`. */
  look: number;
  /** Whether it is noted that the run is stale. */
  isNoted: boolean;
}

/** A schedule with everything that belongs to its group, queued by its next fire. */
export interface Group extends HeapItem {
  readonly groupId: string;
  readonly schedule: { -readonly [Field in keyof Schedule]: Schedule[Field] };
  /** Oldest first. */
  readonly versions: ScheduleVersion[];
  laneWidth: number;
  /** Since when planning waits for runs to end, epoch ms: see `PlanCommit.waits`. */
  waitsSince: EpochMs | undefined;
  readonly runs: RunIndex<RunRow>;
  /** Runs of all kinds that have not ended. */
  readonly open: Set<RunRow>;
  /** Runs of the live lane that wait for a place, oldest first. */
  readonly waiting: IndexedHeap<RunRow>;
  /** Gated runs of the live lane that keep their turn. */
  readonly turns: Set<RunRow>;
}
