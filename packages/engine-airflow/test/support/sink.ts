import { createEmitter, type EngineContext, type Fire } from "@tidegate/core";

/** A ledger that plans whatever is fired, and remembers it. */
export class RecordingSink {
  readonly fires: Fire[] = [];

  get context(): EngineContext {
    const fire = async (fires: readonly Fire[]) => {
      this.fires.push(...fires);
      return fires.map(({ groupId }) => ({
        groupId,
        outcome: "planned" as const,
        planned: 1,
        nextFireAt: null,
      }));
    };
    return { sink: { fire }, events: createEmitter() };
  }

  timesOf(groupId: string): number[] {
    return this.fires.filter((fire) => fire.groupId === groupId).map(({ scheduledTime }) => scheduledTime);
  }
}
