import type { RunState } from "@tidegate/core";
import { GROUPS, type Plan } from "./plan.js";

const SECOND_MS = 1_000;
const NAME_WIDTH = 11;

/** Who runs which second of which group, as a picture. */
export class Timeline {
  readonly #plan: Plan;
  readonly #cells = new Map<string, { begunBy: string; endedBy?: string }>();
  #dead: string | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** A manager says that a run of its own is in another state. */
  note(manager: string, groupId: string, lower: number, state: RunState): void {
    const key = `${groupId} ${lower}`;
    const cell = this.#cells.get(key) ?? { begunBy: manager };
    if (state === "SUCCEEDED") cell.endedBy = manager;
    this.#cells.set(key, cell);
  }

  /** A manager is gone, and what it had begun is nobody's for the moment. */
  noteDeath(manager: string): void {
    this.#dead = manager;
  }

  /** How many runs one manager began and another ended. */
  get takenOver(): number {
    return [...this.#cells.values()].filter(isTakenOver).length;
  }

  /** One line for each group, one letter for each second. */
  toString(): string {
    return GROUPS.map((groupId) => {
      const cells = this.#seconds().map((lower) => this.#symbol(`${groupId} ${lower}`));
      return groupId.padEnd(NAME_WIDTH) + cells.join("");
    }).join("\n");
  }

  #seconds(): number[] {
    const { startAt, endAt } = this.#plan;
    return Array.from({ length: (endAt - startAt) / SECOND_MS }, (_, index) => startAt + index * SECOND_MS);
  }

  #symbol(key: string): string {
    const cell = this.#cells.get(key);
    if (cell === undefined) return "·";
    if (cell.endedBy === undefined) return cell.begunBy === this.#dead ? "!" : "-";
    return isTakenOver(cell) ? cell.endedBy.toLowerCase() : cell.endedBy;
  }
}

function isTakenOver({ begunBy, endedBy }: { begunBy: string; endedBy?: string }): boolean {
  return endedBy !== undefined && endedBy !== begunBy;
}
