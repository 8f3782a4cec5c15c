import type { ScheduleSpec } from "@tidegate/core";
import type { ScheduleStore } from "@tidegate/core/store";
import { aSpec } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { LATER, register } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const DAMAGED = "damaged";
const GROUPS = ["a", DAMAGED, "z"];

/** A specification as a version of Tidegate might write it that does not exist yet. */
const FROM_THE_FUTURE: readonly (readonly [field: string, value: unknown])[] = [
  ["trigger", { type: "tide" }],
  ["overlap", "merge"],
  ["boundaryType", "VERSION"],
  ["labels", [{ team: "sales" }]],
  ["engineGraceMs", { seconds: 30 }],
];

const TEXTS = ["", "{", "null", '"orders"', "[]", '{"groupId":"damaged"}', '{"groupId":"a"}'];

/** Tests that a specification that cannot be read affects no other schedule. */
export function unreadableRules({ store, fixture, reopened }: StoreBed): void {
  describe("a specification that cannot be read", () => {
    async function expectHarmless(within: ScheduleStore): Promise<void> {
      const unreadable = expect.stringContaining("cannot be read");
      const wanted = GROUPS.map((groupId) => ({
        spec: { groupId, engine: "embedded" },
        unreadable: groupId === DAMAGED ? unreadable : null,
      }));
      expect((await within.listSchedules({}, {})).items).toMatchObject(wanted);
      expect(await within.getSchedules(GROUPS)).toMatchObject(wanted);
      const found = await within.listSchedules({ labels: { team: "sales" } }, {});
      expect(found.items.map(({ spec }) => spec.groupId)).toEqual(expect.arrayContaining(["a", "z"]));
      expect(await within.listVersions(DAMAGED)).toMatchObject([{ version: 1, unreadable }]);
      const due = await within.due({ before: LATER, limit: 10 });
      expect(due.map(({ groupId }) => groupId).sort()).toEqual(GROUPS);
    }

    async function repair(within: ScheduleStore): Promise<void> {
      const spec = aSpec({ groupId: DAMAGED, labels: { team: "sales" } });
      const change = {
        groupId: DAMAGED,
        expected: { version: 1, statuses: ["REGISTERED"] },
        updatedAt: LATER,
        spec: { spec, tzdata: "2025c" },
      } as const;
      expect(await within.changeSchedules([change])).toEqual([true]);
      expect(await within.getSchedules([DAMAGED])).toMatchObject([{ spec, version: 2, unreadable: null }]);
      expect(await within.listVersions(DAMAGED)).toMatchObject([
        { version: 1, unreadable: expect.any(String) },
        { version: 2, spec, unreadable: null },
      ]);
    }

    it.each(FROM_THE_FUTURE)(
      "since a newer version wrote its %s, is reported, and repaired by an update",
      async (field, value) => {
        const spec = { ...labelled(DAMAGED), [field]: value } as ScheduleSpec;
        for (const groupId of GROUPS)
          await register(store(), { spec: groupId === DAMAGED ? spec : labelled(groupId) });
        await expectHarmless(store());
        await repair(store());
      },
    );

    it.each(TEXTS)("since it is damaged (%j), is reported, and repaired by an update", async (text) => {
      const { overwriteSpec } = fixture();
      if (overwriteSpec === undefined) return;
      for (const groupId of GROUPS) await register(store(), { spec: labelled(groupId) });
      await store().close();
      await overwriteSpec(DAMAGED, text);
      const damaged = await reopened();
      await expectHarmless(damaged);
      await repair(damaged);
    });
  });
}

function labelled(groupId: string): ScheduleSpec {
  return aSpec({ groupId, labels: { team: "sales" } });
}
