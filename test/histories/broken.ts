import { BrokenLaw, type StageStore } from "./evidence.js";
import type { History } from "./history.js";
import { openFaultOf } from "./open-faults.js";
import { perform } from "./perform.js";

/** The law that a history breaks, or `undefined` when it breaks none, or only in a way that is known. */
export async function brokenBy(history: History, place: StageStore): Promise<BrokenLaw | undefined> {
  try {
    await perform(history, place);
    return undefined;
  } catch (error) {
    if (!(error instanceof BrokenLaw)) throw error;
    return openFaultOf(error) === undefined ? error : undefined;
  }
}
