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
  /** Whether time counts as well that was given up on purpose. */
  readonly isSettledEnough: boolean;
  /** How its run goes on when its window is covered anew. It changes nothing of when live runs begin. */
  readonly onRestate: "mark" | "rerun" | "ignore";
}

export type ModelTree =
  | ModelDependency
  | { readonly all: readonly ModelTree[] }
  | { readonly any: readonly ModelTree[] };

/** Time zones, and how far their clocks are ahead, minutes; those of Lord Howe Island go back by half an hour at noon. */
export const ZONES = {
  UTC: () => 0,
  "Asia/Kolkata": () => 330,
  "Asia/Kathmandu": () => 345,
  "Australia/Lord_Howe": (minute: number) => (minute < 360 ? 660 : 630),
} as const satisfies Record<string, (minute: number) => number>;

/** A report of a source group: it covers this time, from a minute on. */
export interface ModelReport {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly version: number;
}

export interface ModelGroup {
  readonly period: number;
  /** Before 0 if intervals are owed when the schedule is registered. */
  readonly start: number;
  /** How those are made up for. */
  readonly catchup: "each" | "coalesce" | "drop";
  /** Whether a failed run holds all later ones, until a person cancels it. */
  readonly blocks: boolean;
  readonly zone: keyof typeof ZONES;
  /** How many runs may work at once: more than one only if they wait for nothing. */
  readonly width: number;
  /** By minute: the number of an interval whose run a person then cancels if it waits for others, or has failed and blocks. */
  readonly cancels: ReadonlyMap<number, number>;
  /** By minute: the number of an interval that a person then runs again if it has succeeded. They change nothing here. */
  readonly reruns: ReadonlyMap<number, number>;
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
  /** Of its interval. */
  readonly minutes: number;
  state: "PLANNED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "SKIPPED";
  begunAt: number | null;
}

/** A run of a lane that has not ended, with the number of its interval. */
interface Turn {
  readonly index: number;
  readonly run: ModelRun;
  /** Since when it is its turn; `undefined`: it is not. */
  since: number | undefined;
  endsAt: number | undefined;
}

type Verdict = "met" | "waits" | "failed";

/** Returns the minutes that a dependency asks for, for an interval of a group: the first, and the end. */
export function windowIn(
  { period, zone }: Pick<ModelGroup, "period" | "zone">,
  { from = 0, to = 0, fromIntervals = 0, isWholeHours = false }: ModelWindow,
  { lower, minutes }: Pick<ModelRun, "lower" | "minutes">,
): readonly [number, number] {
  const ahead = ZONES[zone](lower);
  const first = isWholeHours ? Math.floor((lower + ahead) / 60) * 60 - ahead : lower;
  const last = isWholeHours ? Math.ceil((lower + minutes + ahead) / 60) * 60 - ahead : lower + minutes;
  return [first + from + fromIntervals * period, last + to];
}

/** Plays groups up to a minute; returns all runs that are due by then. */
export function played(groups: readonly ModelGroup[], until: number): ModelRun[] {
  const succeeded = groups.map(() => new Set<number>());
  /** Minutes that were given up on purpose. */
  const givenUp = groups.map(() => new Set<number>());
  /** The failed run that holds all later ones of its lane. */
  const blocking = groups.map((): ModelRun | undefined => undefined);
  const runs: ModelRun[] = [];
  const byInterval = new Map<string, ModelRun>();
  const lanes: Turn[][] = groups.map(() => []);

  const lowerOf = (group: number, index: number): number =>
    groups[group]!.start + index * groups[group]!.period;

  const giveUp = (run: ModelRun, state: "CANCELLED" | "SKIPPED"): void => {
    run.state = state;
    for (let minute = run.lower; minute < run.lower + run.minutes; minute += 1)
      givenUp[run.group]!.add(minute);
  };

  const missingOf = (
    { on: group, isSettledEnough }: ModelDependency,
    from: number,
    to: number,
  ): { missing: number; length: number } => {
    let missing = 0;
    let length = 0;
    for (let minute = from; minute < to; minute += 1) {
      // What lies before the first report of a source is awaited.
      if (groups[group]!.reports === undefined && minute < groups[group]!.start) continue;
      length += 1;
      const isCovered = succeeded[group]!.has(minute) || (isSettledEnough && givenUp[group]!.has(minute));
      if (!isCovered) missing += 1;
    }
    return { missing, length };
  };

  /** Whether nothing more happens in this minute: then time is up that ends with it. */
  let isOver = false;

  const verdictOn = (tree: ModelTree, run: ModelRun, since: number, now: number): Verdict => {
    if ("all" in tree) {
      const each = tree.all.map((child) => verdictOn(child, run, since, now));
      if (each.includes("failed")) return "failed";
      return each.includes("waits") ? "waits" : "met";
    }
    if ("any" in tree) {
      const each = tree.any.map((child) => verdictOn(child, run, since, now));
      if (each.includes("met")) return "met";
      return each.includes("waits") ? "waits" : "failed";
    }
    const [from, to] = windowIn(groups[run.group]!, tree.window, run);
    const { missing, length } = missingOf(tree, from, to);
    const allowed = "minutes" in tree.mayMiss ? tree.mayMiss.minutes : (length * tree.mayMiss.percent) / 100;
    if (missing <= allowed) return "met";
    if (tree.timeout === undefined) return "waits";
    // Time that is covered in the very minute in which the time is up counts.
    const until = since + tree.timeout.minutes;
    if (now < until || (now === until && !isOver)) return "waits";
    return tree.timeout.action === "run" ? "met" : "failed";
  };

  const isPastSettled = (group: number, index: number): boolean => {
    const { past } = groups[group]!;
    if (past === undefined || index === 0) return true;
    const needed = past === "previous" ? [index - 1] : Array.from({ length: index }, (_, before) => before);
    const settled = ["SUCCEEDED", "CANCELLED", "SKIPPED"];
    return needed.every((before) => settled.includes(byInterval.get(`${group} ${before}`)?.state ?? ""));
  };

  /** Lets one thing happen in a lane; returns whether anything did. */
  const step = (group: number, now: number): boolean => {
    const lane = lanes[group]!;
    const { tree, minutesOf, fails, width, blocks } = groups[group]!;
    const leave = (turn: Turn, state: ModelRun["state"]): true => {
      turn.run.state = state;
      lane.splice(lane.indexOf(turn), 1);
      if (state === "FAILED" && blocks) blocking[group] = turn.run;
      return true;
    };
    if (blocking[group] !== undefined) return false;
    const hasRoom = lane.filter(({ endsAt }) => endsAt !== undefined).length < width;
    for (const turn of lane) {
      const { index, run, since, endsAt } = turn;
      if (endsAt !== undefined) {
        if (endsAt > now) continue;
        if (!fails(index))
          for (let minute = run.lower; minute < run.lower + run.minutes; minute += 1)
            succeeded[group]!.add(minute);
        return leave(turn, fails(index) ? "FAILED" : "SUCCEEDED");
      }
      if (since === undefined) {
        const keepsTurn = lane.some((other) => other.index < index && other.endsAt === undefined);
        if (!hasRoom || keepsTurn) continue;
        turn.since = now;
        return true;
      }
      const verdict = tree === undefined ? "met" : verdictOn(tree, run, since, now);
      if (verdict === "failed") return leave(turn, "FAILED");
      if (verdict === "waits" || !isPastSettled(group, index)) continue;
      if (hasRoom) {
        run.state = "RUNNING";
        run.begunAt = now;
        turn.endsAt = now + minutesOf(index);
      } else turn.since = undefined;
      return true;
    }
    return false;
  };

  /** Plans what has come due, and at the beginning what is owed. */
  const plan = (group: number, now: number): void => {
    const { period, start, reports, catchup } = groups[group]!;
    if (reports !== undefined) return;
    const due = Math.floor((now - start) / period);
    const first = now === 0 ? 0 : due - 1;
    if (due < 1 || (now > 0 && (now - start) % period !== 0)) return;
    const add = (index: number, count: number): ModelRun => {
      const run: ModelRun = {
        group,
        lower: lowerOf(group, index),
        minutes: count * period,
        state: "PLANNED",
        begunAt: null,
      };
      runs.push(run);
      for (let n = index; n < index + count; n += 1) byInterval.set(`${group} ${n}`, run);
      return run;
    };
    const addTurn = (index: number, count: number): void => {
      lanes[group]!.push({ index, run: add(index, count), since: undefined, endsAt: undefined });
    };
    if (catchup === "drop" && due - first > 1) giveUp(add(first, due - 1 - first), "SKIPPED");
    const from = catchup === "drop" ? due - 1 : first;
    const count = catchup === "coalesce" ? due - from : 1;
    for (let index = from; index < due; index += count) addTurn(index, count);
  };

  const settle = (now: number): void => {
    while (groups.map((_, group) => step(group, now)).includes(true));
  };

  for (let now = 0; now <= until; now += 1) {
    isOver = false;
    for (const group of groups.keys()) plan(group, now);
    settle(now);
    for (const [group, { cancels }] of groups.entries()) {
      const index = cancels.get(now);
      const isAsked = ({ since, endsAt }: Turn): boolean => since !== undefined && endsAt === undefined;
      const run = index === undefined ? undefined : byInterval.get(`${group} ${index}`);
      if (run === undefined) continue;
      if (blocking[group] === run) {
        giveUp(run, "CANCELLED");
        blocking[group] = undefined;
      }
      const turn = lanes[group]!.find((one) => one.run === run && isAsked(one));
      if (turn === undefined) continue;
      giveUp(turn.run, "CANCELLED");
      lanes[group]!.splice(lanes[group]!.indexOf(turn), 1);
    }
    settle(now);
    for (const [group, { reports = [] }] of groups.entries())
      for (const { from, to } of reports.filter(({ at }) => at === now))
        for (let minute = from; minute < to; minute += 1) succeeded[group]!.add(minute);
    settle(now);
    isOver = true;
    settle(now);
  }
  return runs;
}
