import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { BrokenLaw, type StageStore } from "./evidence.js";
import { histories } from "./generate.js";
import type { History } from "./history.js";
import { avoidingOpenFaults, openFaultOf } from "./open-faults.js";
import { perform } from "./perform.js";
import { inMemory, inSqlite } from "./places.js";
import { rowsOf } from "./table.js";
import { asTest } from "./told.js";

// TIDEGATE_HISTORIES=1000000 TIDEGATE_SEED=7 plays a million, others than those of each run.
const COUNT = Number(process.env.TIDEGATE_HISTORIES ?? 2_000);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_260_327);

/** SQLite takes about ten times as long. */
const SQLITE_SHARE = 20;

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 1_000);

/** The law that a history breaks, or `undefined` when it breaks none, or only in a way that is known. */
async function brokenBy(history: History, place: StageStore): Promise<BrokenLaw | undefined> {
  try {
    await perform(history, place);
    return undefined;
  } catch (error) {
    if (!(error instanceof BrokenLaw)) throw error;
    return openFaultOf(error) === undefined ? error : undefined;
  }
}

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

describe("every combination of policies, whatever comes between", () => {
  it.each(["queue", "allow", "coalesce-pending", "cancel-running", "drop"] as const)(
    "with overlap %s",
    async (overlap) => {
      const broken: string[] = [];
      for (const { name, history } of rowsOf(overlap)) {
        const law = await brokenBy(avoidingOpenFaults(history), await inMemory());
        if (law !== undefined) broken.push(`${law.message}\n${asTest(name, avoidingOpenFaults(history))}`);
      }
      expect(broken.slice(0, 5)).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe("random histories are lawful", () => {
  it("in memory", () => playAll(COUNT, inMemory), LIMIT_MS);

  it("on SQLite", () => playAll(Math.ceil(COUNT / SQLITE_SHARE), inSqlite), LIMIT_MS);
});
