import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/index.js";
import { parseScheduleInfo } from "../../src/schema.js";

const BASE = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } };

function reasonOf(info: object): unknown {
  try {
    parseScheduleInfo({ ...BASE, ...info });
  } catch (error) {
    const { code, field, message } = error as { code: string; field: string; message: string };
    return { code, field, message };
  }
  return undefined;
}

describe("the shape of a schedule", () => {
  it.each<[value: unknown, what: string]>([
    ["2026-01-01", "a date"],
    ["2026-01-01T00:00:00", "no offset"],
    ["tomorrow", "a word"],
    ["", "nothing"],
    [new Date(Number.NaN), "a date that is none"],
    [0.5, "half a millisecond"],
    [Number.NaN, "no number"],
    [true, "a truth value"],
    [{}, "an object"],
  ])("says how instants are written, for %p, %s", (value) => {
    for (const field of ["startTime", "endTime"]) {
      expect(reasonOf({ [field]: value })).toEqual({
        code: "SCHEDULE_INVALID",
        field,
        message: `${field}: must be epoch ms or ISO 8601 with an offset from -12:00 to +14:00, such as 2026-01-01T00:00:00Z.`,
      });
    }
  });

  it("says what triggers there are, and what days of daylight saving can be", () => {
    for (const trigger of [{}, { type: "rate" }, { type: null }]) {
      expect(reasonOf({ trigger })).toMatchObject({
        message: expect.stringMatching(
          /^trigger.*: must have a type, which is "cron", "period" or "once"\.$/,
        ),
      });
    }
    const cron = { type: "cron", expression: "0 2 * * *" };
    for (const dst of ["skip", { gap: "both" }, 1]) {
      expect(reasonOf({ trigger: { ...cron, dst } })).toMatchObject({
        field: "trigger.dst",
        message: expect.stringContaining('must be "quartz", or gap'),
      });
    }
  });

  it("takes null for what has no limit, as a specification does", () => {
    const nulls = { endTime: null, catchupWindowMs: null, timeoutMs: null, dirtyData: null } as const;
    const info = { ...BASE, ...nulls } as ScheduleInfo;
    expect(parseScheduleInfo(info)).toMatchObject(nulls);
    expect(reasonOf({ startTime: null })).toMatchObject({ field: "startTime" });
  });
});
