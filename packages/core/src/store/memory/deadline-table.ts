import type {
  AlertNote,
  DeadlineFilter,
  DeadlineJudgement,
  DeadlineQuery,
  DeadlineWatch,
  KeptDeadline,
} from "../deadline-table.js";
import type { Page, PageRequest } from "../page.js";
import { positionAfter, takePage } from "./paging.js";
import { compareText } from "./run-position.js";

type Position = Pick<KeptDeadline, "deadlineAt" | "groupId" | "subject" | "lower">;

/** The watches and deadline records of all groups. */
export class DeadlineTable {
  readonly #watches = new Map<string, DeadlineWatch>();
  /** By group, then by subject and lower bound. */
  readonly #records = new Map<string, Map<string, KeptDeadline>>();

  /** Writes the watch of a schedule that was registered or changed. */
  watch(watch: DeadlineWatch): void {
    this.#watches.set(watch.groupId, watch);
  }

  get(groupId: string): DeadlineWatch | undefined {
    return this.#watches.get(groupId);
  }

  listWatches({ before, limit }: DeadlineQuery): DeadlineWatch[] {
    return [...this.#watches.values()]
      .filter(({ lookAt }) => lookAt !== null && lookAt <= before)
      .sort((a, b) => a.lookAt! - b.lookAt! || compareText(a.groupId, b.groupId))
      .slice(0, limit);
  }

  judge({ groupId, incarnation, look, records, ...judged }: DeadlineJudgement): boolean {
    const watch = this.#watches.get(groupId);
    if (watch === undefined || watch.look !== look || watch.incarnation !== incarnation) return false;
    this.#watches.set(groupId, { ...watch, ...judged, look: look + 1 });
    if (records.length === 0) return true;
    const own = this.#records.get(groupId) ?? new Map<string, KeptDeadline>();
    this.#records.set(groupId, own);
    for (const record of records) {
      const key = keyOf(record);
      own.set(key, { ...record, told: own.get(key)?.told ?? "PENDING" });
    }
    return true;
  }

  list(filter: DeadlineFilter, request: PageRequest): Page<KeptDeadline> {
    const after = positionAfter(request, isPosition);
    const sign = filter.order === "descending" ? -1 : 1;
    const compare = (a: Position, b: Position): number => sign * comparePositions(a, b);
    const found = this.#of(filter.groupId)
      .filter((record) => matches(record, filter))
      .sort(compare);
    const rest = after === undefined ? found : found.filter((record) => compare(record, after) > 0);
    return takePage(rest, request, {
      view: (record) => record,
      positionOf: ({ deadlineAt, groupId, subject, lower }) => ({ deadlineAt, groupId, subject, lower }),
    });
  }

  listAlerts({ before, limit }: DeadlineQuery): KeptDeadline[] {
    return this.#of(undefined)
      .filter(({ tellAt }) => tellAt !== null && tellAt <= before)
      .sort((a, b) => a.tellAt! - b.tellAt! || comparePositions(a, b))
      .slice(0, limit);
  }

  note({ record, told, tellAt }: AlertNote): boolean {
    const own = this.#records.get(record.groupId);
    const key = keyOf(record);
    const kept = own?.get(key);
    if (kept === undefined || kept.state !== record.state || kept.tellAt !== record.tellAt) return false;
    own!.set(key, { ...kept, told, tellAt });
    return true;
  }

  removeAll(groupId: string): void {
    this.#watches.delete(groupId);
    this.#records.delete(groupId);
  }

  #of(groupId: string | undefined): KeptDeadline[] {
    const groups = groupId === undefined ? [...this.#records.values()] : [this.#records.get(groupId)];
    return groups.flatMap((records) => [...(records?.values() ?? [])]);
  }
}

function keyOf({ subject, lower }: Pick<KeptDeadline, "subject" | "lower">): string {
  return `${subject} ${lower}`;
}

function comparePositions(a: Position, b: Position): number {
  return (
    a.deadlineAt - b.deadlineAt ||
    compareText(a.groupId, b.groupId) ||
    compareText(a.subject, b.subject) ||
    a.lower - b.lower
  );
}

function isPosition(value: unknown): value is Position {
  const { deadlineAt, groupId, subject, lower } = (value ?? {}) as Partial<Position>;
  return (
    typeof deadlineAt === "number" &&
    typeof lower === "number" &&
    typeof groupId === "string" &&
    typeof subject === "string"
  );
}

function matches({ subject, state, lower, upper }: KeptDeadline, filter: DeadlineFilter): boolean {
  const { subjects, states, within } = filter;
  return (
    (subjects === undefined || subjects.includes(subject)) &&
    (states === undefined || states.includes(state)) &&
    (within === undefined ||
      (lower < within.upper && (upper > within.lower || (upper === lower && lower >= within.lower))))
  );
}
