import { GROUP, type Snapshot, type StageStore } from "./evidence.js";
import type { History } from "./history.js";
import {
  holdAlways,
  holdAtRest,
  holdOfBackfill,
  holdOfJob,
  holdOfLedger,
  holdOfOrder,
  holdOfSubmissions,
  holdOfWhole,
  holdOfWords,
} from "./laws.js";
import { Stage } from "./stage.js";

/** Plays a history to its end and holds it to all laws. @throws BrokenLaw naming the first that does not hold */
export async function perform(history: History, place: StageStore): Promise<void> {
  const stage = new Stage(history, place);
  const { random } = Math;
  // Back-off has jitter; a history must play out the same way each time.
  Math.random = () => 0.5;
  let broken: unknown;
  stage.cluster.onBegin = (job) => {
    try {
      holdOfJob(job, stage);
    } catch (error) {
      broken ??= error;
    }
  };
  try {
    await stage.start();
    await stage.register(history.policies);
    let last: Snapshot | undefined;
    for (const step of history.steps) {
      const { epoch } = stage.cluster;
      await stage.play(step);
      if (broken !== undefined) throw broken;
      const now = await stage.snapshot();
      if (now !== undefined) holdAlways(now, stage.cluster.epoch === epoch ? last : undefined, stage);
      last = now;
    }
    await conclude(stage);
    if (broken !== undefined) throw broken;
  } finally {
    Math.random = random;
    await place.dispose();
  }
}

/** Lets everything end, then takes away what holds the schedule up, then runs what was given up. */
async function conclude(stage: Stage): Promise<void> {
  const rest = Math.max(4 * stage.unitMs, 6 * 60_000);
  stage.cluster.heal();
  await stage.pass(rest);
  const first = await stage.snapshot();
  if (first === undefined) return;
  holdAlways(first, undefined, stage);
  holdAtRest(first, stage);
  await holdOfWords(first, stage);
  holdOfOrder(stage.ledgerRecords, stage);
  holdOfSubmissions(stage.ledgerRecords, stage, stage.unitMs / 10);

  const { status } = first.schedule;
  if (status === "DELETED") await stage.register(stage.policies);
  if (status === "PAUSED") await stage.play({ do: "resume" });
  await stage.liftGates();
  await retryFailed(stage, "planned");
  await stage.pass(rest);
  if (stage.makesFullCopies) await retryAsTheyAre(stage, rest);
  const second = (await stage.snapshot())!;
  // A schedule whose end has passed is not registered again.
  if (second.schedule.status === "DELETED") return;
  holdAlways(second, undefined, stage);
  holdAtRest(second, stage);
  await stage.askOnceMore();
  holdOfLedger(second, stage);

  const range = { lower: second.schedule.origin, upper: second.schedule.watermark };
  if (range.lower >= range.upper) return;
  await stage.backfill(range, "incomplete", rest);
  const third = (await stage.snapshot())!;
  holdAtRest(third, stage);
  holdOfLedger(third, stage);
  holdOfWhole(third, range, stage);

  // Bounds as people give them: they cut intervals as a rule.
  const length = range.upper - range.lower;
  const part = {
    lower: range.lower + Math.round(length * 0.35),
    upper: range.lower + Math.round(length * 0.8),
  };
  const again = await stage.backfill(part, "all", rest);
  if (again === undefined) return;
  const fourth = (await stage.snapshot())!;
  holdAtRest(fourth, stage);
  holdOfLedger(fourth, stage);
  holdOfBackfill(third, fourth, part, again, stage);
}

/** An older full copy is not made if increments follow it: a person has it read its interval, or copies everything anew. */
async function retryAsTheyAre(stage: Stage, rest: number): Promise<void> {
  if (stage.policies.mode === "full") {
    await stage.copyAgain();
    await stage.pass(rest);
  }
  await retryFailed(stage, "latest");
  if (await stage.isNowPaused()) await stage.play({ do: "resume" });
  await stage.pass(rest);
}

/** A person looks at all that has failed and retries it; what something else stands for by now is refused. */
async function retryFailed(stage: Stage, version: "planned" | "latest"): Promise<void> {
  const { items } = await stage.tidegate.client.runs(
    { groupId: GROUP, states: ["FAILED"] },
    { limit: 1_000 },
  );
  for (const { id, isSuperseded, snapshot } of items) {
    if (isSuperseded) continue;
    await stage.retry(id, version);
    // A copy that increments follow by now is not made again; a backfill reads its time.
    if (snapshot !== null) await stage.cancelFailed(id);
  }
}
