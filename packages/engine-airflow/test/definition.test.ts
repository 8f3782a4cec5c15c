import { describe, expect, it } from "@jest/globals";
import type { TriggerSpec } from "@tidegate/core";
import { scheduleOf, specOf } from "@tidegate/test-outside";
import { cronText } from "../src/cron-text.js";
import { type Definition, definitionOf, versionOf } from "../src/definition.js";
import { settingsOf } from "../src/options.js";

const START = Date.UTC(2026, 0, 7, 5, 3, 11);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SECRET = `whsec_${Buffer.alloc(32).toString("base64")}`;
const SETTINGS = settingsOf({
  url: "http://airflow",
  token: "none",
  callback: { url: "http://door", secret: SECRET },
  finestPeriodMs: 1_000,
});

function definition(trigger: TriggerSpec, version = 1): Definition {
  const spec = specOf({ trigger, startTime: START }, START);
  return definitionOf(scheduleOf("group", spec, version), SETTINGS, START);
}

describe("a definition", () => {
  it.each<[TriggerSpec, string]>([
    [{ type: "period", every: 1, unit: "second" }, "* * * * * *"],
    [{ type: "period", every: 20, unit: "second" }, "* * * * * 11,31,51"],
    [{ type: "period", every: 15, unit: "minute" }, "3,18,33,48 * * * * 11"],
    [{ type: "cron", expression: "0 0 * * MON-FRI" }, "0 0 * * 1,2,3,4,5"],
    [{ type: "cron", expression: "30 4 1,15 * 5" }, "30 4 1,15 * 5"],
  ])("has the crons of %j as Airflow's library reads them", (trigger, cron) => {
    expect(definition(trigger).crons).toEqual([cron]);
  });

  it("tells the nominal times that its ticks are finer than", () => {
    const { instants } = definition({ type: "cron", expression: "0 0 12 L * ?" });
    expect(instants.slice(0, 2)).toEqual([Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 1, 28, 12)]);
    expect(instants).toHaveLength(200);
    expect(definition({ type: "cron", expression: "0 12 * * *" }).instants).toEqual([]);
  });

  it("ends after Airflow has parsed it, where it is owed what was due before its end", () => {
    const trigger = { type: "period", every: 1, unit: "hour" } as const;
    const endTime = START + 3 * HOUR;
    const schedule = scheduleOf("group", specOf({ trigger, startTime: START, endTime }, START));
    const endOf = (now: number) => definitionOf(schedule, SETTINGS, now).endMs!;
    expect(endOf(START)).toBe(START + 4 * HOUR);
    expect(endOf(START + 30 * DAY)).toBeGreaterThan(START + 30 * DAY);
    const ended = definitionOf({ ...schedule, nextFireAt: null }, SETTINGS, START + 30 * DAY);
    expect(ended).toMatchObject({ endMs: null, crons: [] });
  });

  it("has a stamp that changes with it and tells its version", () => {
    const hourly = { type: "period", every: 1, unit: "hour" } as const;
    const stamp = (trigger: TriggerSpec, version: number) => definition(trigger, version).stamp;
    expect(stamp(hourly, 3)).toBe(stamp(hourly, 3));
    expect(stamp(hourly, 3)).not.toBe(stamp({ ...hourly, every: 2 }, 3));
    expect(versionOf(stamp(hourly, 3))).toBe(3);
    expect(versionOf("tidegate")).toBeUndefined();
  });
});

describe("a cron", () => {
  it("has a wildcard where a field has all its values", () => {
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    expect(cronText({ seconds: [0], minutes: [7], hours })).toBe("7 * * * *");
  });
});
