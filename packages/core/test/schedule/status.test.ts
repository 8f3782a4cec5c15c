import { describe, expect, it } from "@jest/globals";
import type { ScheduleStatus } from "../../src/schedule/schedule.js";
import {
  nextStatus,
  type ScheduleAction,
  statusesFor,
  statusesThat,
  transition,
} from "../../src/schedule/status.js";

const STATUSES = ["REGISTERING", "REGISTERED", "FAILED", "PAUSED", "DELETING", "DELETED"] as const;

const no = undefined;
const TABLE: readonly [ScheduleAction, ...(ScheduleStatus | undefined)[]][] = [
  ["engine-accepted", "REGISTERED", no, "REGISTERED", no, no, no],
  ["engine-refused", "FAILED", no, "FAILED", no, no, no],
  ["update", "REGISTERING", "REGISTERING", "REGISTERING", "PAUSED", no, no],
  ["pause", "PAUSED", "PAUSED", "PAUSED", "PAUSED", no, no],
  ["resume", no, no, no, "REGISTERING", no, no],
  ["unregister", "DELETING", "DELETING", "DELETING", "DELETING", no, no],
  ["engine-released", no, no, no, no, "DELETED", no],
  ["register-again", no, no, no, no, no, "REGISTERING"],
];

describe("a schedule's status", () => {
  it.each(TABLE)("%s leads from each status where the table says", (action, ...expected) => {
    expect(STATUSES.map((status) => nextStatus(status, action))).toEqual(expected);
    expect([...statusesFor(action)].sort()).toEqual(
      STATUSES.filter((_, index) => expected[index] !== undefined).sort(),
    );
  });

  it.each([
    ["plans", ["REGISTERING", "REGISTERED", "FAILED"]],
    ["isHeld", ["REGISTERING", "REGISTERED", "FAILED"]],
    ["owesEngine", ["REGISTERING", "FAILED", "DELETING"]],
    ["isRegistered", ["REGISTERING", "REGISTERED", "FAILED", "PAUSED", "SOURCE"]],
    ["isListed", ["REGISTERING", "REGISTERED", "FAILED", "PAUSED", "DELETING"]],
  ] as const)("%s in these: %j", (trait, statuses) => {
    expect(statusesThat(trait)).toEqual(statuses);
  });

  it("refuses what is not in the table, and says when it would be possible", () => {
    expect(transition("g", "PAUSED", "resume")).toBe("REGISTERING");
    expect(() => transition("g", "DELETED", "resume")).toThrow(
      expect.objectContaining({
        code: "SCHEDULE_STATUS_ILLEGAL",
        message: "Schedule g is DELETED; resume is possible when it is PAUSED.",
      }),
    );
  });
});
