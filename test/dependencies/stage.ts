import { createTidegate, type DependencyTree, type Run, type ScheduleInfo } from "@tidegate/core";
import type { JobContext, JobOutcome, OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import type { ModelGroup, ModelRun, ModelTree } from "./model.js";

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);
const NEVER_MS = 36_500 * 86_400_000;

const nameOf = (group: number): string => `group-${group}`;

/** The schedule that a group of the model describes. */
export function scheduleOf(group: ModelGroup, no: number): ScheduleInfo {
  const { period, start, tree, past } = group;
  return {
    groupId: nameOf(no),
    trigger: { type: "period", every: period, unit: "minute" },
    startTime: START + start * MINUTE,
    maxAttempts: 1,
    onFailure: "continue",
    dependsOn: tree === undefined ? null : treeOf(tree),
    dependsOnPast: past ?? false,
  };
}

function treeOf(tree: ModelTree): DependencyTree {
  if ("all" in tree) return { all: tree.all.map(treeOf) };
  if ("any" in tree) return { any: tree.any.map(treeOf) };
  const { on, window, mayMiss, timeout } = tree;
  const { from, to, fromIntervals, isWholeHours = false } = window;
  const shift = (minutes: number): string =>
    minutes % 60 === 0 ? `${minutes / 60} hours` : `${minutes} minutes`;
  return {
    groupId: nameOf(on),
    window: {
      ...(from === undefined ? {} : { from: shift(from) }),
      ...(fromIntervals === undefined ? {} : { from: `${fromIntervals} intervals` }),
      ...(to === undefined ? {} : { to: shift(to) }),
      ...(isWholeHours ? { align: "hour" as const } : {}),
    },
    ...("percent" in mayMiss
      ? { atLeast: `${100 - mayMiss.percent}%` }
      : mayMiss.minutes === 0
        ? {}
        : { atLeast: { missing: `${mayMiss.minutes} minutes` } }),
    ...(timeout === undefined
      ? {}
      : { timeout: { afterMs: timeout.minutes * MINUTE, action: timeout.action } }),
  };
}

/** Runs each job for as long as its group says. */
class Jobs implements ScheduleOperator {
  readonly operatorType = "jobs";
  readonly #clock: VirtualClock;
  readonly #groups: readonly ModelGroup[];

  constructor(clock: VirtualClock, groups: readonly ModelGroup[]) {
    this.#clock = clock;
    this.#groups = groups;
  }

  async submit({ runId }: OfflineJobRequest): Promise<{ jobId: string }> {
    return { jobId: runId };
  }

  async find(): Promise<undefined> {
    return undefined;
  }

  wait(_jobId: string, request: OfflineJobRequest, _context: JobContext): Promise<JobOutcome> {
    const group = this.#groups[Number(request.groupId.slice("group-".length))]!;
    const index = ((Number(request.lowerBound) - START) / MINUTE - group.start) / group.period;
    const outcome: JobOutcome = group.fails(index)
      ? { state: "FAILED", error: { code: "JOB_FAILED", message: "no" } }
      : { state: "SUCCEEDED" };
    return new Promise((resolve) => {
      this.#clock.wakeAfter(group.minutesOf(index) * MINUTE, () => resolve(outcome));
    });
  }

  async cancel(): Promise<void> {}
}

/** Has the library play groups up to a minute; returns all runs that are due by then. */
export async function performed(groups: readonly ModelGroup[], until: number): Promise<ModelRun[]> {
  const clock = new VirtualClock({ start: START });
  const tidegate = createTidegate({
    store: new MemoryStore({ clock }),
    clock,
    engines: [embeddedEngine()],
    operators: [new Jobs(clock, groups)],
    watchdogEveryMs: NEVER_MS,
    reconcileEveryMs: NEVER_MS,
    backfillEveryMs: NEVER_MS,
    dispatcher: { drainMs: 0 },
  });
  await tidegate.start();
  try {
    const registered = await tidegate.client.registerMany(groups.map(scheduleOf));
    for (const result of registered) if (!result.isRegistered) throw result.error;
    for (let minute = 1; minute <= until; minute += 1) {
      await clock.advance(MINUTE);
      for (let round = 0; round < 3; round += 1) await clock.advance(0);
    }
    const items: Run[] = [];
    let cursor: string | undefined;
    do {
      const page = await tidegate.client.runs(
        {},
        { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) },
      );
      items.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    return items.map(({ groupId, lower, state, submittedAt }) => ({
      group: Number(groupId.slice("group-".length)),
      lower: (lower - START) / MINUTE,
      state: state === "SUBMITTING" ? "RUNNING" : (state as ModelRun["state"]),
      begunAt: submittedAt === null ? null : (submittedAt - START) / MINUTE,
    }));
  } finally {
    // It waits for its jobs, whose time passes only here.
    let isStopped = false;
    const stopping = tidegate.stop().then(() => {
      isStopped = true;
    });
    while (!isStopped) await clock.advance(0);
    await stopping;
  }
}
