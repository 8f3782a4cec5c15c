import type { LateTime } from "../../run/late-time.js";
import type {
  LateFilter,
  LateReport,
  LateSettlement,
  LookbackMove,
  LookbackQuery,
  LookbackWatch,
} from "../late-table.js";
import type { Page, PageRequest } from "../page.js";
import { positionAfter, takePage } from "./paging.js";
import { compareText } from "./run-position.js";

type Position = Pick<LateTime, "groupId" | "upper" | "lower" | "reportedBy">;

/** The groups that look back, and the late data of all groups. */
export class LateTable {
  readonly #watches = new Map<string, LookbackWatch>();
  /** By group, then by bounds and reporter. */
  readonly #late = new Map<string, Map<string, LateTime>>();

  /** Writes the watch of a group, or ends it. */
  watch(groupId: string, watch: LookbackWatch | undefined): void {
    if (watch === undefined) this.#watches.delete(groupId);
    else this.#watches.set(groupId, watch);
  }

  watchOf(groupId: string): LookbackWatch | undefined {
    return this.#watches.get(groupId);
  }

  listLookbacks({ before, limit }: LookbackQuery): LookbackWatch[] {
    return [...this.#watches.values()]
      .filter(({ lookAt }) => lookAt !== null && lookAt <= before)
      .sort((a, b) => a.lookAt! - b.lookAt! || compareText(a.groupId, b.groupId))
      .slice(0, limit);
  }

  move({ groupId, cursor, lookAt, look }: LookbackMove): boolean {
    if (this.#watches.get(groupId)?.look !== look) return false;
    this.#watches.set(groupId, { groupId, cursor, lookAt, look: look + 1 });
    return true;
  }

  /** Writes a report; `false` if the run has reported the same before. */
  report({ at, ...report }: Omit<LateReport, "incarnation">): boolean {
    const own = this.#late.get(report.groupId) ?? new Map<string, LateTime>();
    this.#late.set(report.groupId, own);
    const key = keyOf(report);
    const known = own.get(key);
    if (known?.runId === report.runId) return false;
    const { rowsLate } = report;
    own.set(key, {
      ...report,
      rowsLate: rowsLate === null ? (known?.rowsLate ?? null) : (known?.rowsLate ?? 0) + rowsLate,
      reports: (known?.reports ?? 0) + 1,
      firstAt: known?.firstAt ?? at,
      lastAt: at,
      state: "PENDING",
      backfillId: null,
    });
    return true;
  }

  settle({ late, state, backfillId }: LateSettlement): boolean {
    const own = this.#late.get(late.groupId);
    const known = own?.get(keyOf(late));
    if (known === undefined || known.state !== "PENDING" || known.reports !== late.reports) return false;
    own!.set(keyOf(late), { ...known, state, backfillId });
    return true;
  }

  /** Returns how often a group has reported late data of its own time. */
  ownReports(groupId: string, within: Pick<LateTime, "lower" | "upper">): number {
    return this.#of(groupId)
      .filter((late) => late.reportedBy === groupId && matches(late, { within }))
      .reduce((sum, { reports }) => sum + reports, 0);
  }

  list(filter: LateFilter, request: PageRequest): Page<LateTime> {
    const after = positionAfter(request, isPosition);
    const found = this.#of(filter.groupId)
      .filter((late) => matches(late, filter))
      .sort(comparePositions);
    const rest = after === undefined ? found : found.filter((late) => comparePositions(late, after) > 0);
    return takePage(rest, request, {
      view: (late) => late,
      positionOf: ({ groupId, upper, lower, reportedBy }) => ({ groupId, upper, lower, reportedBy }),
    });
  }

  removeAll(groupId: string): void {
    this.#watches.delete(groupId);
    this.#late.delete(groupId);
  }

  #of(groupId: string | undefined): LateTime[] {
    const groups = groupId === undefined ? [...this.#late.values()] : [this.#late.get(groupId)];
    return groups.flatMap((late) => [...(late?.values() ?? [])]);
  }
}

function keyOf({ lower, upper, reportedBy }: Pick<LateTime, "lower" | "upper" | "reportedBy">): string {
  return `${lower} ${upper} ${reportedBy}`;
}

function comparePositions(a: Position, b: Position): number {
  return (
    compareText(a.groupId, b.groupId) ||
    a.upper - b.upper ||
    a.lower - b.lower ||
    compareText(a.reportedBy, b.reportedBy)
  );
}

function isPosition(value: unknown): value is Position {
  const { groupId, upper, lower, reportedBy } = (value ?? {}) as Partial<Position>;
  return (
    typeof groupId === "string" &&
    typeof upper === "number" &&
    typeof lower === "number" &&
    typeof reportedBy === "string"
  );
}

function matches({ state, lower, upper }: LateTime, { states, within }: LateFilter): boolean {
  return (
    (states === undefined || states.includes(state)) &&
    (within === undefined || (lower < within.upper && upper > within.lower))
  );
}
