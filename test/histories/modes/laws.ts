import type { ModeEnding } from "./stage.js";
import type { ModeStory } from "./story.js";
import { isBelow, ROWS, writtenAt } from "./warehouse.js";

const OPEN = ["PLANNED", "SUBMITTING", "RUNNING"];

/** Returns what is wrong with the rows of the target, and with what the ledger says of them, at the end of a story. */
export function brokenLaws(
  { boundaryType }: ModeStory,
  { audit, runs, schedule, warehouse }: ModeEnding,
): string[] {
  const broken: string[] = [];
  // Positions of an interval that was given up are read by the next run.
  const isWhole = boundaryType === "TIME" ? audit.isComplete : audit.isSound;
  if (!isWhole) broken.push("the audit is not complete");
  if (runs.some(({ state }) => OPEN.includes(state))) broken.push("a run waits for nothing");
  const { origin, offsets, watermark } = schedule;
  const counts = warehouse.counts();
  for (let row = 0; row < ROWS; row += 1) {
    const isDue =
      boundaryType === "TIME"
        ? writtenAt(row) >= origin && writtenAt(row) < watermark
        : isBelow(row, offsets?.position ?? {});
    if (counts[row]! > 1) broken.push(`row ${row} is there ${counts[row]} times`);
    if (isDue && counts[row] === 0) broken.push(`row ${row} is lost`);
  }
  return broken;
}
