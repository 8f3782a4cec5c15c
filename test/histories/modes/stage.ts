import {
  type AuditReport,
  isTidegateError,
  type Run,
  type Schedule,
  type ScheduleInfo,
} from "@tidegate/core";
import { VirtualClock } from "@tidegate/core/testing";
import type { StageStore } from "../evidence.js";
import { MINUTE, Succession } from "../succession.js";
import { T0 } from "../triggers.js";
import { LENGTH, type ModeSettings, type ModeStep, type ModeStory, TROUBLED } from "./story.js";
import { Warehouse } from "./warehouse.js";

const GROUP = "orders";

/** Long enough for all that is still to come, minutes. */
const REST = 30;

/** The state when all has come to rest and a person has had everything run that was given up. */
export interface ModeEnding {
  readonly warehouse: Warehouse;
  readonly schedule: Schedule;
  readonly runs: readonly Run[];
  readonly audit: AuditReport;
}

/** Has the library play a story until nothing more comes. */
export async function playedModes(story: ModeStory, place: StageStore): Promise<ModeEnding> {
  const clock = new VirtualClock({ start: T0, turns: place.turns });
  const warehouse = new Warehouse(clock, story);
  const process = new Succession({
    clock,
    place,
    assemble: (mortal) => ({
      operators: [mortal.guard(warehouse)],
      offsetProviders: [mortal.guard(warehouse)],
      backfillEveryMs: 5 * MINUTE,
    }),
  });
  let settings = story.first;
  const client = () => process.tidegate.client;
  const allRuns = async (states?: readonly Run["state"][]): Promise<readonly Run[]> =>
    (await client().runs({ groupId: GROUP, ...(states === undefined ? {} : { states }) }, { limit: 1_000 }))
      .items;
  /** Does something that the library may refuse, but only in words of its own. */
  const attempt = async (action: () => Promise<unknown>): Promise<boolean> => {
    let isDone = false;
    const work = action().then(
      () => {
        isDone = true;
      },
      (error: unknown) => {
        if (!isTidegateError(error)) throw error;
      },
    );
    await Promise.race([work, process.mortal.died, settled(process, 4)]);
    await process.settle();
    return isDone;
  };
  const update = async (set: Partial<ModeSettings>, adopts: boolean): Promise<void> => {
    const next = { ...settings, ...set };
    const plannedRuns = adopts ? "adopt" : "keep";
    const isDone = await attempt(async () => {
      const { version } = await client().get(GROUP);
      await client().update(infoOf(story, next), { version, plannedRuns });
    });
    if (isDone) settings = next;
  };
  const rerun = async (run: Run | undefined): Promise<void> => {
    if (run === undefined) return;
    const { lower, upper } = run;
    await attempt(() => client().trigger(GROUP, { lower, upper }, { force: true }));
  };
  const act = async (one: ModeStep): Promise<void> => {
    switch (one.do) {
      case "crash":
        return process.mortal.killAtWrite(one.writes, one.isWritten);
      case "restart":
        return process.replace();
      case "update":
        return update(one.set, one.adopts);
      case "register":
        return void (await attempt(() => client().register(infoOf(story, settings))));
      case "rebase":
        warehouse.doesReplace ||= story.boundaryType === "OFFSET";
        return void (await attempt(() => client().rebase(GROUP, { startAt: "earliest", force: true })));
      case "cancel": {
        const runs = await allRuns(["PLANNED", "SUBMITTING", "RUNNING", "FAILED"]);
        const run = runs[one.nth % runs.length];
        return run && void (await attempt(() => client().cancelRun(run.id)));
      }
      case "retry": {
        const runs = await allRuns(["FAILED", "CANCELLED"]);
        const run = runs[one.nth % runs.length];
        const version = one.latest ? "latest" : "planned";
        const options = { version, resplit: one.resplit, force: true } as const;
        // Rows of the former split may have been merged already, and its shards are forgotten.
        warehouse.doesReplace ||= one.resplit;
        return run && void (await attempt(() => client().retryRun(run.id, options)));
      }
      case "backfill": {
        const bounds = { from: T0 + one.from * LENGTH * MINUTE, to: T0 + one.to * LENGTH * MINUTE };
        const request = { groupId: GROUP, ...bounds, select: one.select, concurrency: 2 };
        return void (await attempt(() => client().backfill(request)));
      }
      case "rerun":
        return rerun((await allRuns())[one.nth]);
      case "seal":
        return void (await attempt(() => client().seal(GROUP, T0 + one.nth * LENGTH * MINUTE)));
      default:
        return void (await attempt(() => client()[one.do](GROUP)));
    }
  };
  const rest = async (): Promise<void> => {
    for (let minute = 0; minute < REST; minute += 10) await process.pass(10);
    if ((await client().get(GROUP)).status === "PAUSED") await act({ at: 0, do: "resume" });
  };
  const retryFailed = async (version: "planned" | "latest"): Promise<void> => {
    for (const { id, isSuperseded, snapshot } of await allRuns(["FAILED"])) {
      if (isSuperseded) continue;
      await attempt(() => client().retryRun(id, { version, force: true }));
      const [run] = (await allRuns(["FAILED"])).filter((one) => one.id === id);
      // A copy that increments follow by now, or positions of an earlier reading.
      if (run !== undefined && (snapshot !== null || run.offsets !== null))
        await attempt(() => client().cancelRun(id));
    }
    await rest();
  };

  await process.start();
  try {
    await client().register(infoOf(story, settings));
    const steps = [...story.steps];
    for (let minute = 1; minute <= TROUBLED; minute += 1) {
      await process.pass(1);
      while (steps[0]?.at === minute) {
        await process.survive();
        await act(steps.shift()!);
      }
    }
    await process.survive();
    warehouse.heal();
    for (let minute = 0; minute < REST; minute += 10) await process.pass(10);
    if ((await client().get(GROUP)).status === "DELETED") await act({ at: 0, do: "register" });
    // A snapshot that is made again is to be alone in its lane.
    if ((await client().get(GROUP)).status === "DELETED") {
      settings = { ...settings, overlap: "queue" };
      await act({ at: 0, do: "register" });
    }
    await rest();
    await retryFailed("planned");
    if (settings.mode === "full") {
      await rerun(
        (await allRuns()).findLast(({ lower, reason, upper }) => lower < upper && reason !== "source-empty"),
      );
      await rest();
    }
    await retryFailed("latest");
    const { origin: from, watermark: to } = await client().get(GROUP);
    await attempt(() =>
      client().backfill({ groupId: GROUP, from, to, select: "incomplete", concurrency: 2, force: true }),
    );
    await rest();
    await rest();
    // A copy that increments followed yields to those that have been made since.
    await retryFailed("latest");
    return {
      warehouse,
      schedule: await client().get(GROUP),
      runs: await allRuns(),
      audit: await client().audit(GROUP),
    };
  } finally {
    await process.dispose();
  }
}

/** Lets all that needs no time happen, so many times: what has not answered by then waits for time to pass. */
async function settled(process: Succession, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) await process.settle();
}

function infoOf({ boundaryType, verifies }: ModeStory, set: ModeSettings): ScheduleInfo {
  const { isSplit, lookback, timeout, ...rest } = set;
  const isByPosition = boundaryType === "OFFSET";
  const hasStart = isByPosition && set.mode !== "full-then-incremental";
  return {
    groupId: GROUP,
    trigger: { type: "period", every: LENGTH, unit: "minute" },
    startTime: T0,
    boundaryType,
    ...(isByPosition ? { source: { type: "log" } } : {}),
    ...(hasStart ? { startAt: "earliest" } : {}),
    ...(isSplit && !verifies ? { shards: { target: 2 } } : {}),
    ...(timeout > 0 ? { timeoutMs: timeout * MINUTE } : {}),
    ...(verifies ? { verify: { rows: "equal" }, job: { isVerified: true } } : {}),
    ...(lookback > 0 && !isByPosition ? { lookback: { intervals: lookback } } : {}),
    maxActiveRuns: 2,
    backoff: { initialMs: MINUTE / 2, maxMs: MINUTE },
    ...rest,
  };
}
