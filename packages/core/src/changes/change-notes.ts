import type { RunState } from "../run/run.js";
import type { ChangedRun, ChangeKind, LedgerChange } from "../store/change-log.js";

/** More groups of a kind than this, changed at a time, are told as "any group". */
const MOST_GROUPS = 200;

/** More runs of a group than this, changed at a time, are not told one by one. */
const MOST_RUNS = 20;

/** The groups of one kind that have changed: the runs of each, or `null` for too many to name. */
type Groups = Map<string | null, Map<string, RunState | undefined> | null>;

/**
 * The writes of this process that it has not told yet. At rest it only knows whether there was anything, so that a
 * write costs nothing while nobody reads the log.
 */
export class ChangeNotes {
  /** Called by the first note after `take`, if notes are collected. */
  onFirst: () => void = () => {};
  #isCollecting = false;
  /** Whether anything may have changed. */
  #isAny = false;
  #kinds = new Map<ChangeKind, Groups>();

  /** Whether notes are collected, one by one. */
  get isCollecting(): boolean {
    return this.#isCollecting;
  }

  /** Collects notes from now on. What was noted before is told as one change of anything. */
  collect(): void {
    this.#isCollecting = true;
  }

  /** Collects no more. */
  rest(): void {
    this.#isAny ||= this.#kinds.size > 0;
    this.#kinds.clear();
    this.#isCollecting = false;
  }

  /** Notes that anything may have changed, without calling for it to be told at once. */
  noteAny(): void {
    this.#isAny = true;
  }

  /**
   * Notes a change.
   *
   * @param groupId - `null` if it may be any
   */
  note(kind: ChangeKind, groupId: string | null, run?: ChangedRun): void {
    if (!this.#isCollecting) {
      this.#isAny = true;
      return;
    }
    this.#begin();
    let groups = this.#kinds.get(kind);
    if (groups === undefined) {
      groups = new Map();
      this.#kinds.set(kind, groups);
    }
    const key = groups.has(groupId) || groups.size < MOST_GROUPS ? groupId : null;
    noteRun(groups, key, key === groupId ? run : undefined);
  }

  /** Returns the notes, and forgets them: `null` if anything may have changed. */
  take(): readonly LedgerChange[] | null {
    const taken = this.#isAny ? null : [...this.#kinds].flatMap(changesOf);
    this.#isAny = false;
    this.#kinds.clear();
    return taken;
  }

  #begin(): void {
    if (this.#isCollecting && !this.#isAny && this.#kinds.size === 0) this.onFirst();
  }
}

function noteRun(groups: Groups, groupId: string | null, run: ChangedRun | undefined): void {
  const runs = groups.get(groupId);
  if (runs === null) return;
  if (run === undefined || (runs !== undefined && runs.size >= MOST_RUNS && !runs.has(run.id))) {
    groups.set(groupId, null);
  } else if (runs === undefined) {
    groups.set(groupId, new Map([[run.id, run.state]]));
  } else {
    runs.set(run.id, run.state ?? runs.get(run.id));
  }
}

function changesOf([kind, groups]: [ChangeKind, Groups]): LedgerChange[] {
  // Any group includes those that were named before there were too many.
  if (groups.size >= MOST_GROUPS && groups.has(null)) return [{ kind, groupId: null }];
  return [...groups].map(([groupId, runs]) =>
    runs === null
      ? { kind, groupId }
      : {
          kind,
          groupId,
          runs: [...runs].map(([id, state]) => (state === undefined ? { id } : { id, state })),
        },
  );
}
