import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { compileTrigger } from "../../src/trigger/compile.js";
import { QUARTZ_PRESET, QUARTZ_PRESETS } from "../../src/trigger/cron/cron-trigger.js";
import { parseCron } from "../../src/trigger/cron/parse.js";

interface QuartzCase {
  expression: string;
  zone: string;
  after: string;
  next: string[];
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../cases/${name}`, import.meta.url), "utf8")) as T;
const cases = read<QuartzCase[]>("quartz-cron.json");
const versions = read<(QuartzCase & { version: "2.5.1" | "2.5.2" })[]>("quartz-versions.json");
const { cronValidity } = read<{ cronValidity: { cron: string; valid: boolean }[] }>("inlong-windows.json");

function following(
  trigger: { next(after: number): number | undefined },
  after: string,
  count: number,
): string[] {
  const times: string[] = [];
  let time: number | undefined = Date.parse(after);
  while (times.length < count) {
    time = trigger.next(time);
    if (time === undefined) break;
    times.push(new Date(time).toISOString().replace(".000Z", "Z"));
  }
  return times;
}

describe("the preset of Quartz", () => {
  it.each(versions)(
    "$version: $expression in $zone after $after gives what Quartz gives",
    ({ version, expression, zone, after, next }) => {
      const trigger = compileTrigger({ type: "cron", expression, ...QUARTZ_PRESETS[version] }, zone);
      expect(following(trigger, after, next.length)).toEqual(next);
    },
  );

  it("is that of the current version by default, which has the last day of every month", () => {
    expect(QUARTZ_PRESET).toBe(QUARTZ_PRESETS["2.5.2"]);
    const last = compileTrigger({ type: "cron", expression: "0 0 0 L * ?", ...QUARTZ_PRESET }, "UTC");
    expect(following(last, "2026-02-01T00:00:00Z", 2)).toEqual([
      "2026-02-28T00:00:00Z",
      "2026-03-31T00:00:00Z",
    ]);
  });

  it.each(cases)(
    "2.5.0: $expression in $zone after $after gives what Quartz gives",
    ({ expression, zone, after, next }) => {
      const trigger = compileTrigger({ type: "cron", expression, ...QUARTZ_PRESETS["2.5.0"] }, zone);
      expect(following(trigger, after, next.length)).toEqual(next);
    },
  );

  it.each(cronValidity)("takes $cron: $valid", ({ cron, valid }) => {
    const parse = () => parseCron({ expression: cron, flavour: "quartz" });
    if (valid) expect(parse).not.toThrow();
    else
      expect(parse).toThrow(
        expect.objectContaining({ code: "TRIGGER_INVALID", field: "trigger.expression" }),
      );
  });

  it("without its quirks, fires in every month", () => {
    const lastButThree = compileTrigger(
      { type: "cron", expression: "0 0 0 L-3 * ?", flavour: "quartz" },
      "UTC",
    );
    expect(following(lastButThree, "2026-01-01T00:00:00Z", 3)).toEqual([
      "2026-01-28T00:00:00Z",
      "2026-02-25T00:00:00Z",
      "2026-03-28T00:00:00Z",
    ]);
    const nearWeekday = compileTrigger({ type: "cron", expression: "0 15 10 15W * ?" }, "UTC");
    expect(following(nearWeekday, "2026-01-16T00:00:00Z", 2)).toEqual([
      "2026-02-16T10:15:00Z",
      "2026-03-16T10:15:00Z",
    ]);
  });
});
