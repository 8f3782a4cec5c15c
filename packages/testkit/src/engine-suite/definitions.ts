import type { EngineRepairedEvent } from "@tidegate/core";
import { expect } from "../runner.js";
import type { EngineBed } from "./bed.js";
import type { EngineSuite } from "./suite.js";

/** Ids whose order as UTF-8 bytes differs from alphabetical order. */
const UNORDERED = ["b", "a.2", "B", "a-1", "a_3", "10", "9", "a:4"];
const ORDERED = ["10", "9", "B", "a-1", "a.2", "a:4", "a_3", "b"];

/** Tests `list` of an engine that keeps definitions outside the store. */
export function listingRules({ chapter, supports }: EngineSuite): void {
  chapter("the listing", (always) => {
    const rule = always.when(supports.definitions);

    rule("has what was registered with its version, ordered by group id", async (bed) => {
      await bed.client.registerMany(UNORDERED.map((groupId) => bed.info(groupId)));
      expect(await bed.listed()).toEqual(ORDERED.map((groupId) => ({ groupId, version: 1 })));
      for (const groupId of UNORDERED) await bed.passUntilRun(groupId, 1);
      await bed.conclude(...UNORDERED);
    });

    rule("has the version of an update", async (bed) => {
      await bed.register("orders");
      const { spec } = await bed.client.get("orders");
      const changed = { ...bed.info("orders"), startTime: spec.startTime, description: "changed" };
      await bed.client.update(changed, { version: 1 });
      expect(await bed.listed()).toEqual([{ groupId: "orders", version: 2 }]);
      await bed.passUntilRun("orders", 2);
      await bed.conclude("orders");
    });

    rule("lacks what was paused or unregistered", async (bed) => {
      for (const groupId of ["gone", "orders", "paused"]) await bed.register(groupId);
      await bed.client.pause("paused");
      await bed.unregister("gone");
      expect(await bed.listed()).toEqual([{ groupId: "orders", version: 1 }]);
      await bed.passUntilRun("orders", 2);
      await bed.conclude("orders", "paused");
    });

    rule("is the same after a restart", async (bed) => {
      await bed.client.registerMany(UNORDERED.map((groupId) => bed.info(groupId)));
      const before = await bed.listed();
      await bed.stop();
      await bed.startAgain();
      expect(await bed.listed()).toEqual(before);
      for (const groupId of UNORDERED) await bed.passUntilRun(groupId, 1);
      await bed.conclude(...UNORDERED);
    });
  });
}

/** Tests an engine whose definitions were changed behind Tidegate's back. */
export function repairRules({ chapter, supports }: EngineSuite): void {
  chapter("the reconciler", (always) => {
    const rule = always.when(supports.definitions && supports.tampering);

    rule("registers again what the engine has lost", async (bed) => {
      await bed.register("orders");
      await bed.passUntilRun("orders", 1);
      await offered(bed, "forget")("orders");
      expect(await bed.listed()).toEqual([]);
      await expectRepair(bed, { registered: 1, updated: 0, removed: 0 });
      expect(await bed.listed()).toEqual([{ groupId: "orders", version: 1 }]);
      await bed.passUntilRun("orders", bed.operator.countOf("orders") + 3);
      await bed.conclude("orders");
    });

    rule("removes what nobody has registered", async (bed) => {
      await bed.register("orders");
      const schedule = await bed.engineSchedule("orders");
      await offered(bed, "inject")({ ...schedule, groupId: "orphan" });
      expect(await bed.listed()).toContainEqual({ groupId: "orphan", version: 1 });
      await expectRepair(bed, { registered: 0, updated: 0, removed: 1 });
      expect(await bed.listed()).toEqual([{ groupId: "orders", version: 1 }]);
      await bed.passUntilRun("orders", 3);
      await bed.conclude("orders");
    });

    rule("updates what the engine has in another version", async (bed) => {
      await bed.register("orders");
      const schedule = await bed.engineSchedule("orders");
      await offered(bed, "inject")({ ...schedule, version: 7, nextFireAt: null });
      await expectRepair(bed, { registered: 0, updated: 1, removed: 0 });
      expect(await bed.listed()).toEqual([{ groupId: "orders", version: 1 }]);
      await bed.passUntilRun("orders", 3);
      await bed.conclude("orders");
    });
  });
}

/** Reconciles, and fails unless this was repaired, if the engine refused nothing meanwhile. */
async function expectRepair(bed: EngineBed, repair: Partial<EngineRepairedEvent>): Promise<void> {
  const repairs = await bed.reconcile();
  if (repairs !== undefined) expect(repairs).toMatchObject([repair]);
}

/** Returns a hook of the fixture; if it is missing, the fixture is wrong. */
function offered<Hook extends "forget" | "inject">(
  { fixture }: EngineBed,
  hook: Hook,
): NonNullable<EngineBed["fixture"][Hook]> {
  const offer = fixture[hook];
  if (offer !== undefined) return offer;
  throw new Error(
    `The fixture lacks \`${hook}\`: add it, or say in \`supports\` that tampering cannot be tested.`,
  );
}
