import type { QueryClient } from "@tanstack/react-query";
import type { ChangeNews } from "@tidegate/core";

/** How long changes are collected before what is shown is read again, ms. */
const COLLECT_MS = 150;

/** The first part of the keys of queries that a kind of change concerns. */
const CONCERNED: Readonly<Record<ChangeNews["changes"][number]["kind"], readonly string[]>> = {
  schedule: ["schedules", "runs", "lags"],
  run: ["runs", "run", "stale", "pools", "deadlines", "lags"],
  backfill: ["schedules"],
  deadline: ["deadlines"],
  seal: [],
  "late-data": ["runs"],
  pool: ["pools", "run"],
};

/** Reads again what is shown and has changed: at most one round at a time, however much changes. */
export class Refresher {
  readonly #queries: QueryClient;
  /** Keys of queries by their first part; of groups by their ids, `null` for all. */
  readonly #concerned = new Set<string>();
  readonly #groups = new Set<string | null>();
  #isAll = false;
  #isBusy = false;

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  note({ isReset, changes }: ChangeNews): void {
    if (isReset) this.#isAll = true;
    for (const { kind, groupId } of changes) {
      for (const key of CONCERNED[kind]) this.#concerned.add(key);
      this.#groups.add(groupId);
    }
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#isAll || this.#groups.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, COLLECT_MS));
      const isAll = this.#isAll;
      const keys = new Set(this.#concerned);
      const groups = new Set(this.#groups);
      this.#isAll = false;
      this.#concerned.clear();
      this.#groups.clear();
      await this.#queries.invalidateQueries({
        predicate: ({ queryKey: [key, id] }) =>
          isAll || keys.has(String(key)) || (key === "group" && (groups.has(null) || groups.has(String(id)))),
      });
    }
    this.#isBusy = false;
  }
}
