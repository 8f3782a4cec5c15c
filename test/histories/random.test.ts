import { describe, it } from "@jest/globals";
import fc from "fast-check";
import { brokenBy } from "./broken.js";
import { BrokenLaw, type StageStore } from "./evidence.js";
import { histories } from "./generate.js";
import { avoidingOpenFaults } from "./open-faults.js";
import { inMemory, inSqlite } from "./places.js";
import { asTest } from "./told.js";

// TIDEGATE_HISTORIES=1000000 TIDEGATE_SEED=7 plays a million, others than those of each run.
const COUNT = Number(process.env.TIDEGATE_HISTORIES ?? 2_000);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_260_327);

/** SQLite takes about ten times as long. */
const SQLITE_SHARE = 20;

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 1_000);

/** Plays random histories; one that breaks a law is shrunk and shown as a test. */
async function playAll(count: number, makePlace: () => Promise<StageStore>): Promise<void> {
  const isLawful = fc.asyncProperty(histories, async (history) => {
    const broken = await brokenBy(avoidingOpenFaults(history), await makePlace());
    if (broken !== undefined) throw broken;
  });
  const details = await fc.check(isLawful, { numRuns: count, seed: SEED });
  if (!details.failed) return;
  const { counterexample, errorInstance, numRuns } = details;
  const law = errorInstance instanceof Error ? (errorInstance.stack ?? "") : String(errorInstance);
  const history = avoidingOpenFaults(counterexample![0]);
  const test = asTest(
    errorInstance instanceof BrokenLaw ? errorInstance.law : "does not break down",
    history,
  );
  throw new Error(`TIDEGATE_SEED=${SEED}, history ${numRuns}: ${law}\n\n${test}\n`);
}

describe("random histories are lawful", () => {
  it("in memory", () => playAll(COUNT, inMemory), LIMIT_MS);

  it("on SQLite", () => playAll(Math.ceil(COUNT / SQLITE_SHARE), inSqlite), LIMIT_MS);
});
