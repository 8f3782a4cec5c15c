import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { groupIdOf } from "../src/group-id.js";

/** As Flink SQL quotes a name. */
const quotedName = (name: string) => `\`${name.replaceAll("`", "``")}\``;

const part = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 80 }),
  fc.string({ unit: fc.constantFrom("a", ".", "`", ":", "_", "'", "/"), minLength: 1, maxLength: 4 }),
);
const path = fc.tuple(part, part, part);

describe("the group of a table", () => {
  it("is its name, where that is plain", () => {
    expect(groupIdOf("`shop`.`sales`.`daily`")).toBe("flink:shop.sales.daily");
    expect(groupIdOf("shop.sales.daily")).toBe("flink:shop.sales.daily");
  });

  it("is readable where it is not", () => {
    expect(groupIdOf("`shop`.`sales`.`day's ``total```")).toMatch(
      /^flink:shop\.sales\.day_s_total_:[0-9a-f]{32}$/,
    );
  });

  it("is always one that a schedule can have", () => {
    fc.assert(
      fc.property(path, (names) => {
        expect(groupIdOf(quoted(names))).toMatch(/^[A-Za-z0-9_.:-]{1,200}$/);
      }),
    );
  });

  it("is another for another table", () => {
    fc.assert(
      fc.property(path, path, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(groupIdOf(quoted(one))).not.toBe(groupIdOf(quoted(other)));
      }),
    );
    expect(groupIdOf("`a`.`b.c`.`d`")).not.toBe(groupIdOf("`a.b`.`c`.`d`"));
  });
});

function quoted(names: readonly string[]): string {
  return names.map(quotedName).join(".");
}
