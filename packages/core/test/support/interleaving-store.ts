import { MemoryStore } from "../../src/store/memory-store.js";

type Call =
  | "changeRuns"
  | "changeSchedules"
  | "getRuns"
  | "insertBackfill"
  | "insertRuns"
  | "plan"
  | "planBackfill"
  | "putSeal"
  | "report";

/** A store in which something else is done right before a call: before a write, after all that was read for it. */
export class InterleavingStore extends MemoryStore {
  readonly #before = new Map<Call, () => Promise<unknown>>();

  /** Has something done before the next call of a kind. */
  before(call: Call, other: () => Promise<unknown>): void {
    this.#before.set(call, other);
  }

  override async plan(...given: Parameters<MemoryStore["plan"]>): Promise<boolean[]> {
    await this.#interleave("plan");
    return super.plan(...given);
  }

  override async insertRuns(...given: Parameters<MemoryStore["insertRuns"]>): Promise<boolean[]> {
    await this.#interleave("insertRuns");
    return super.insertRuns(...given);
  }

  override async insertBackfill(...given: Parameters<MemoryStore["insertBackfill"]>): Promise<boolean> {
    await this.#interleave("insertBackfill");
    return super.insertBackfill(...given);
  }

  override async planBackfill(...given: Parameters<MemoryStore["planBackfill"]>): Promise<boolean> {
    await this.#interleave("planBackfill");
    return super.planBackfill(...given);
  }

  override async changeRuns(...given: Parameters<MemoryStore["changeRuns"]>): Promise<boolean[]> {
    await this.#interleave("changeRuns");
    return super.changeRuns(...given);
  }

  override async changeSchedules(...given: Parameters<MemoryStore["changeSchedules"]>): Promise<boolean[]> {
    await this.#interleave("changeSchedules");
    return super.changeSchedules(...given);
  }

  override async getRuns(...given: Parameters<MemoryStore["getRuns"]>): ReturnType<MemoryStore["getRuns"]> {
    await this.#interleave("getRuns");
    return super.getRuns(...given);
  }

  override async putSeal(...given: Parameters<MemoryStore["putSeal"]>): Promise<boolean> {
    await this.#interleave("putSeal");
    return super.putSeal(...given);
  }

  override async report(...given: Parameters<MemoryStore["report"]>): Promise<boolean> {
    await this.#interleave("report");
    return super.report(...given);
  }

  async #interleave(call: Call): Promise<void> {
    const other = this.#before.get(call);
    this.#before.delete(call);
    await other?.();
  }
}
