import { describe, expect, it } from "@jest/globals";
import type { z } from "zod";
import { normalizeSchedule } from "../../src/schedule/normalize.js";
import { parseScheduleInfo } from "../../src/schedule/parse.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { scheduleInfoSchema, scheduleSpecSchema } from "../../src/schedule/schema.js";

const MINIMAL: ScheduleInfo = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } };

describe("a schedule's fields are declared once: the schema", () => {
  it("gives a specification every field, and the defaults that are documented", () => {
    const now = Date.UTC(2026, 0, 1, 0, 30);
    const spec = normalizeSchedule(parseScheduleInfo(MINIMAL), { engine: "e", operator: "o", now });
    expect(scheduleSpecSchema.strict().parse(spec)).toEqual(spec);
    expect(spec).toEqual({
      ...MINIMAL,
      timezone: "UTC",
      startTime: Date.UTC(2026, 0, 1),
      endTime: null,
      engine: "e",
      operator: "o",
      job: {},
      mode: "incremental",
      fullEvery: null,
      resnapshotBy: null,
      boundaryType: "TIME",
      source: null,
      startAt: null,
      onEmpty: "skip",
      onLoss: "fail",
      limit: null,
      batchUntil: null,
      delayMs: 0,
      notBefore: null,
      ready: [],
      dependsOn: null,
      dependsOnPast: false,
      gates: {},
      pool: null,
      priority: 3,
      fairnessKey: null,
      fairnessWeight: 1,
      deadline: null,
      freshness: null,
      expectData: null,
      seal: null,
      lookback: null,
      onLate: "mark",
      fireAt: "interval-end",
      firstInterval: "start-time",
      endRule: "exclusive",
      catchup: "each",
      catchupWindowMs: null,
      overlap: "queue",
      canOvertake: false,
      maxActiveRuns: 16,
      maxAttempts: 3,
      backoff: { initialMs: 1_000, maxMs: 300_000 },
      timeoutMs: null,
      onFailure: "block",
      dirtyData: null,
      verify: null,
      shards: null,
      engineGraceMs: 30_000,
      description: "",
      labels: {},
    });
  });

  it("fills in what a partial back-off omits", () => {
    expect(parseScheduleInfo({ ...MINIMAL, backoff: { maxMs: 5_000 } }).backoff).toEqual({
      initialMs: 1_000,
      maxMs: 5_000,
    });
  });

  it("describes every field, and says its default if it may be omitted", () => {
    for (const [name, field] of Object.entries(scheduleInfoSchema.shape)) {
      const isOptional = (field as z.ZodType).safeParse(undefined).success;
      const text = isOptional ? /^[A-Z].*\. Default: .+\.$/s : /^[A-Z](?!.*Default: ).*\.$/s;
      expect({ name, description: field.description }).toEqual({
        name,
        description: expect.stringMatching(text),
      });
    }
    for (const { description } of Object.values(scheduleSpecSchema.shape))
      expect(description).toMatch(/^[A-Z](?!.*Default: ).*\.$/s);
  });
});
