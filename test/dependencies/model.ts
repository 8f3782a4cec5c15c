/**
 * A second reading of what dependencies mean, by brute force: minute by minute, each group's coverage is a set of
 * minutes, and every rule is looked up anew. It shares no code with the library.
 */

/** The time that a dependency asks for, in minutes: see `DependencyWindow`. */
export interface ModelWindow {
  readonly from?: number;
  readonly to?: number;
  readonly fromIntervals?: number;
  readonly isWholeHours?: boolean;
}

export interface ModelDependency {
  readonly on: number;
  readonly window: ModelWindow;
  /** How many minutes of it may be missing, or which share. */
  readonly mayMiss: { readonly minutes: number } | { readonly percent: number };
  readonly timeout?: { readonly minutes: number; readonly action: "fail" | "run" };
}

export type ModelTree =
  | ModelDependency
  | { readonly all: readonly ModelTree[] }
  | { readonly any: readonly ModelTree[] };

/** A report of a source group: it covers this time, from a minute on. */
export interface ModelReport {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly version: number;
}

export interface ModelGroup {
  readonly period: number;
  readonly start: number;
  readonly tree: ModelTree | undefined;
  /** Reports of a source group, which has no runs of its own; by their minute. */
  readonly reports: readonly ModelReport[] | undefined;
  /** How many intervals it reads again. They change nothing of what the model tells. */
  readonly lookback: number;
  /** Which earlier intervals the rows of a run belong to, by how many intervals back they lie. */
  readonly touches: (index: number) => readonly number[];
  readonly past: "previous" | "all" | undefined;
  /** How long each run works, and which fail, by the number of the interval. */
  readonly minutesOf: (index: number) => number;
  readonly fails: (index: number) => boolean;
}

/** The outcome of a run; times in minutes. */
export interface ModelRun {
  readonly group: number;
  readonly lower: number;
  state: "PLANNED" | "RUNNING" | "SUCCEEDED" | "FAILED";
  begunAt: number | null;
}

interface Lane {
  /** The interval whose turn it is. */
  index: number;
  /** Since when it is. */
  since: number | undefined;
  endsAt: number | undefined;
}

type Verdict = "met" | "waits" | "failed";

/** Plays groups up to a minute; returns all runs that are due by then. */
export function played(groups: readonly ModelGroup[], until: number): ModelRun[] {
  const succeeded = groups.map(() => new Set<number>());
  const runs: ModelRun[] = [];
  const byInterval = new Map<string, ModelRun>();
  const lanes: Lane[] = groups.map(() => ({ index: 0, since: undefined, endsAt: undefined }));

  const lowerOf = (group: number, index: number): number =>
    groups[group]!.start + index * groups[group]!.period;

  const isCovered = (group: number, minute: number): boolean => succeeded[group]!.has(minute);

  const missingOf = (group: number, from: number, to: number): { missing: number; length: number } => {
    let missing = 0;
    let length = 0;
    for (let minute = from; minute < to; minute += 1) {
      // What lies before the first report of a source is awaited.
      if (groups[group]!.reports === undefined && minute < groups[group]!.start) continue;
      length += 1;
      if (!isCovered(group, minute)) missing += 1;
    }
    return { missing, length };
  };

  const verdictOn = (tree: ModelTree, group: number, lower: number, since: number, now: number): Verdict => {
    if ("all" in tree) {
      const each = tree.all.map((child) => verdictOn(child, group, lower, since, now));
      if (each.includes("failed")) return "failed";
      return each.includes("waits") ? "waits" : "met";
    }
    if ("any" in tree) {
      const each = tree.any.map((child) => verdictOn(child, group, lower, since, now));
      if (each.includes("met")) return "met";
      return each.includes("waits") ? "waits" : "failed";
    }
    const { period } = groups[group]!;
    const { from = 0, to = 0, fromIntervals = 0, isWholeHours = false } = tree.window;
    const first = isWholeHours ? Math.floor(lower / 60) * 60 : lower;
    const last = isWholeHours ? Math.ceil((lower + period) / 60) * 60 : lower + period;
    const { missing, length } = missingOf(tree.on, first + from + fromIntervals * period, last + to);
    const allowed = "minutes" in tree.mayMiss ? tree.mayMiss.minutes : (length * tree.mayMiss.percent) / 100;
    if (missing <= allowed) return "met";
    if (tree.timeout === undefined || now < since + tree.timeout.minutes) return "waits";
    return tree.timeout.action === "run" ? "met" : "failed";
  };

  const isPastSettled = (group: number, index: number): boolean => {
    const { past } = groups[group]!;
    if (past === undefined || index === 0) return true;
    const needed = past === "previous" ? [index - 1] : Array.from({ length: index }, (_, before) => before);
    return needed.every((before) => byInterval.get(`${group} ${before}`)?.state === "SUCCEEDED");
  };

  /** Lets one thing happen in a lane that is due; returns whether anything did. */
  const step = (group: number, now: number): boolean => {
    const lane = lanes[group]!;
    if (groups[group]!.reports !== undefined) return false;
    const { tree, minutesOf, fails, period } = groups[group]!;
    const lower = lowerOf(group, lane.index);
    const run = byInterval.get(`${group} ${lane.index}`);
    if (lane.endsAt !== undefined) {
      if (lane.endsAt > now) return false;
      run!.state = fails(lane.index) ? "FAILED" : "SUCCEEDED";
      if (run!.state === "SUCCEEDED")
        for (let minute = lower; minute < lower + period; minute += 1) succeeded[group]!.add(minute);
      lanes[group] = { index: lane.index + 1, since: undefined, endsAt: undefined };
      return true;
    }
    if (lower + period > now || run === undefined) return false;
    lane.since ??= now;
    const verdict = tree === undefined ? "met" : verdictOn(tree, group, lower, lane.since, now);
    if (verdict === "failed") {
      run.state = "FAILED";
      lanes[group] = { index: lane.index + 1, since: undefined, endsAt: undefined };
      return true;
    }
    if (verdict === "waits" || !isPastSettled(group, lane.index)) return false;
    run.state = "RUNNING";
    run.begunAt = now;
    lane.endsAt = now + minutesOf(lane.index);
    return true;
  };

  for (let now = 0; now <= until; now += 1) {
    for (const [group, { period, start, reports }] of groups.entries()) {
      if (reports !== undefined) continue;
      const index = (now - start) / period - 1;
      if (index < 0 || !Number.isInteger(index)) continue;
      const run: ModelRun = { group, lower: lowerOf(group, index), state: "PLANNED", begunAt: null };
      runs.push(run);
      byInterval.set(`${group} ${index}`, run);
    }
    while (groups.map((_, group) => step(group, now)).includes(true));
    for (const [group, { reports = [] }] of groups.entries())
      for (const { from, to } of reports.filter(({ at }) => at === now))
        for (let minute = from; minute < to; minute += 1) succeeded[group]!.add(minute);
    while (groups.map((_, group) => step(group, now)).includes(true));
  }
  return runs;
}
