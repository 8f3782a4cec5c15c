import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OffsetVector } from "@tidegate/core/offset";
import { until } from "@tidegate/testkit";
import type { ConnectorScene } from "../support/connector-scene.js";
import { HOUR, MIDNIGHT } from "../support/requests.js";
import { TopicWriter } from "../support/topic-writer.js";

const SUCCEEDED = expect.objectContaining({ state: "SUCCEEDED" });

let topics = 0;

/**
 * Tests copies by positions: each run ends at its upper bound whatever the source has there, and gets exactly the records
 * below it.
 */
export function copiesByPositions(scene: () => ConnectorScene): void {
  /** Copies consecutive ranges, each for an hour of its own, and returns the ids by range. */
  async function copyRanges(
    job: JsonObject,
    bounds: readonly (OffsetVector | "beginning")[],
  ): Promise<number[][]> {
    const ends = bounds.slice(1) as readonly OffsetVector[];
    for (const [index, upper] of ends.entries()) {
      const lower = MIDNIGHT + index * HOUR;
      const interval = { lower, upper: lower + HOUR };
      expect(await scene().copyRange(job, bounds[index]!, upper, interval)).toEqual(SUCCEEDED);
    }
    const rows = await scene().query<{ id: string; hour: string | null }>("SELECT * FROM ranged ORDER BY id");
    return ends.map((_, index) =>
      rows.filter(({ hour }) => Number(hour) === MIDNIGHT + index * HOUR).map(({ id }) => Number(id)),
    );
  }

  /** A copy that says for each row which hour it was copied for. */
  function marked(source: object): JsonObject {
    return {
      source: { columns: { id: "BIGINT" }, ...source },
      sink: { ...scene().table("ranged"), columns: { id: "BIGINT", hour: "BIGINT" }, rerun: "appends" },
      select: { id: "id", hour: "{{lower.epochMs}}" },
    };
  }

  async function onTopic(
    partitions: number,
    work: (writer: TopicWriter, job: JsonObject) => Promise<void>,
  ): Promise<void> {
    topics += 1;
    const writer = await TopicWriter.create(scene().kafka, `positions-${topics}`, partitions);
    try {
      await scene().query("CREATE TABLE ranged (id BIGINT, hour BIGINT)");
      await work(writer, marked(scene().topic(writer.topic)));
    } finally {
      await writer.close();
    }
  }

  describe("a topic that is read by offsets", () => {
    it("ends at the marker of a transaction, and has nothing of one that was rolled back", async () => {
      await onTopic(1, async (writer, job) => {
        await writer.write([1]);
        await writer.transact("commit", [2, 3]);
        await writer.transact("abort", [4, 5]);
        // Offsets: 1 at 0, 2 and 3 at 1 and 2, their marker at 3, 4 and 5 at 4 and 5, and their marker at 6.
        const bounds = ["0", "2", "4", "6", "7"].map((offset) => ({ 0: offset }));
        expect(await copyRanges(job, bounds)).toEqual([[1, 2], [3], [], []]);
      });
    });

    it("ends at records that compaction has removed", async () => {
      await onTopic(1, async (writer, job) => {
        await writer.write([1], 0, { key: "kept", at: 1 });
        await writer.write([2, 3]);
        await writer.configure({
          "cleanup.policy": "compact",
          "segment.ms": "100",
          "min.cleanable.dirty.ratio": "0.01",
        });
        let last = 3;
        // Of one key only the last record stays, once its segment is compacted.
        await until(async () => {
          last += 1;
          await writer.write([last]);
          return (await writer.firstSince(2)) > 2n;
        });
        const ranges = await copyRanges(job, [{ 0: "0" }, { 0: "2" }, { 0: "3" }]);
        expect(ranges).toEqual([[1], []]);
      });
    });

    it("ends in empty partitions, and leaves to the next run what came after its plan", async () => {
      await onTopic(3, async (writer, job) => {
        await writer.write([1, 2], 1);
        const planned = { 0: "0", 1: "2", 2: "0" };
        await writer.write([3], 0);
        await writer.write([4], 1);
        await writer.addPartition(4);
        await writer.write([5], 3);
        const ranges = await copyRanges(job, [
          { 0: "0", 1: "0", 2: "0" },
          planned,
          // The added partition is read from its first record.
          { 0: "1", 1: "3", 2: "0", 3: "1" },
        ]);
        expect(ranges).toEqual([
          [1, 2],
          [3, 4, 5],
        ]);
      });
    });

    it("is read without records that have expired since the plan", async () => {
      await onTopic(1, async (writer, job) => {
        await writer.write([1, 2, 3, 4]);
        await writer.expire(2n);
        expect(await copyRanges(job, [{ 0: "0" }, { 0: "3" }, { 0: "4" }])).toEqual([[3], [4]]);
      });
    });

    it("is read from its first records in mode full", async () => {
      await onTopic(2, async (writer, job) => {
        await writer.write([1, 2], 0);
        await writer.write([3], 1);
        const interval = { lower: MIDNIGHT, upper: MIDNIGHT + HOUR };
        const outcome = await scene().copyRange(job, "beginning", { 0: "1", 1: "1" }, interval);
        expect(outcome).toEqual(SUCCEEDED);
        expect(await scene().query("SELECT id::INT FROM ranged ORDER BY id")).toEqual([{ id: 1 }, { id: 3 }]);
      });
    });
  });

  describe("a table that is read by keys", () => {
    it("gives each row to the range of its key, from the least to the greatest", async () => {
      const keys = ["-9223372036854775808", "-1", "0", "9007199254740993", "9223372036854775807"];
      await scene().query("CREATE TABLE ranged (id BIGINT, hour BIGINT)");
      await scene().query(
        `CREATE TABLE sale AS SELECT * FROM (VALUES ${keys.map((key) => `('${key}'::BIGINT)`).join(", ")}) AS t (id)`,
      );
      const job = marked({ ...scene().table("sale"), cursorColumn: "id" });
      const bounds = ["-9223372036854775808", "0", "9007199254740993", "9223372036854775808"];
      await copyRanges(
        job,
        bounds.map((main) => ({ main })),
      );
      const rows = await scene().query<{ id: string; hour: string }>(
        "SELECT * FROM ranged ORDER BY hour, id",
      );
      expect(rows.map(({ id, hour }) => [id, (Number(hour) - MIDNIGHT) / HOUR])).toEqual([
        [keys[0], 0],
        [keys[1], 0],
        [keys[2], 1],
        [keys[3], 2],
        [keys[4], 2],
      ]);
    });
  });
}
