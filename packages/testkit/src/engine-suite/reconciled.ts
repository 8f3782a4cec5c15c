import type { EngineRepairedEvent, Tidegate } from "@tidegate/core";

/** Reconciles the engines with the store. Resolves with what was repaired. */
export async function reconciled(tidegate: Tidegate): Promise<EngineRepairedEvent[]> {
  const repairs: EngineRepairedEvent[] = [];
  const collect = (repair: EngineRepairedEvent): void => void repairs.push(repair);
  tidegate.events.on("engine-repaired", collect);
  await tidegate.reconcile();
  tidegate.events.off("engine-repaired", collect);
  return repairs;
}
