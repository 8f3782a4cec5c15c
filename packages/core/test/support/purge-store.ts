import { MemoryStore } from "../../src/store/memory-store.js";

/** A store in which something happens between a purge's look at the ledger and its write. */
export class PurgeStore extends MemoryStore {
  beforePurge: () => Promise<unknown> = async () => undefined;

  override async purgeSchedule(...given: Parameters<MemoryStore["purgeSchedule"]>): Promise<boolean> {
    await this.beforePurge();
    return super.purgeSchedule(...given);
  }
}
