import { describe, expect, it } from "@jest/globals";
import { alertsOf } from "../../src/deadlines/alerts.js";
import type { DeadlineState } from "../../src/deadlines/deadline-record.js";
import { type DeadlineTerms, judge, RECHECK_MS, usualDuration } from "../../src/deadlines/judge.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";

/** Due at T0, to be met within two hours. */
const TERMS: DeadlineTerms = { dueAt: T0, deadlineAt: T0 + 2 * HOUR };
const AT = TERMS.deadlineAt;

describe("an interval is judged by its deadline: it", () => {
  it("is on time before the deadline, and late at it", () => {
    expect(judge(TERMS, { metAt: AT - 1 }, AT + HOUR).state).toBe("ON_TIME");
    expect(judge(TERMS, { metAt: AT }, AT + HOUR).state).toBe("LATE");
  });

  it("is pending, then missed from the deadline on, whatever runs or not", () => {
    expect(judge(TERMS, {}, AT - 1).state).toBe("PENDING");
    expect(judge(TERMS, {}, AT).state).toBe("MISSED");
    expect(judge(TERMS, { startedAt: T0 }, AT).state).toBe("MISSED");
  });

  it.each(["failed", "blocked", "given-up"] as const)(
    "is at risk at once when %s, but not before it is due",
    (trouble) => {
      expect(judge(TERMS, { trouble }, T0)).toMatchObject({ state: "AT_RISK", reason: trouble });
      expect(judge(TERMS, { trouble }, T0 - 1)).toMatchObject({ state: "PENDING", lookAt: T0 });
      expect(judge(TERMS, { trouble }, AT)).toMatchObject({ state: "MISSED", reason: trouble });
    },
  );

  it("is at risk as soon as a run of the usual duration would not end before the deadline", () => {
    const terms = { ...TERMS, usualMs: 30 * MINUTE };
    const from = AT - 30 * MINUTE;
    expect(judge(terms, {}, from - 1)).toMatchObject({ state: "PENDING", lookAt: from });
    expect(judge(terms, {}, from)).toMatchObject({ state: "AT_RISK", reason: "slow" });
  });

  it("is not at risk while its run can still end in time, and at once when it began too late", () => {
    const terms = { ...TERMS, usualMs: 30 * MINUTE };
    expect(judge(terms, { startedAt: AT - 30 * MINUTE - 1 }, AT - 1).state).toBe("PENDING");
    expect(judge(terms, { startedAt: AT - 30 * MINUTE }, AT - 20 * MINUTE).state).toBe("AT_RISK");
  });

  it("is at risk `warnBeforeMs` before the deadline, if that comes first", () => {
    const terms = { ...TERMS, usualMs: 10 * MINUTE, warnBeforeMs: HOUR };
    expect(judge(terms, {}, AT - HOUR - 1)).toMatchObject({ state: "PENDING", lookAt: AT - HOUR });
    expect(judge(terms, { startedAt: T0 }, AT - HOUR)).toMatchObject({ state: "AT_RISK", reason: "warning" });
  });

  it("is excused at the deadline, and never at risk, while there is an excuse", () => {
    const terms = { ...TERMS, warnBeforeMs: HOUR, excuse: "paused" as const };
    expect(judge(terms, { trouble: "failed" }, AT - 1).state).toBe("PENDING");
    expect(judge(terms, {}, AT)).toMatchObject({ state: "EXCUSED", reason: "paused" });
    expect(judge(terms, { metAt: AT + 1 }, AT + 1).state).toBe("LATE");
  });

  it("is judged again by the deadline at the latest, and every five minutes once it is due", () => {
    expect(judge(TERMS, {}, T0 - HOUR).lookAt).toBe(T0 + RECHECK_MS);
    expect(judge(TERMS, {}, T0 + HOUR).lookAt).toBe(T0 + HOUR + RECHECK_MS);
    expect(judge(TERMS, {}, AT - 1).lookAt).toBe(AT);
    expect(judge(TERMS, { metAt: T0 }, T0).lookAt).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the usual duration", () => {
  it("is the 95th percentile by nearest rank", () => {
    const twenty = Array.from({ length: 20 }, (_, n) => (n + 1) * MINUTE);
    expect(usualDuration(twenty.reverse())).toBe(19 * MINUTE);
    expect(usualDuration([5])).toBe(5);
    expect(usualDuration([])).toBeUndefined();
  });
});

describe("what is told of a deadline", () => {
  const paths: [DeadlineState, DeadlineState, string[]][] = [
    ["PENDING", "AT_RISK", ["at-risk"]],
    ["PENDING", "MISSED", ["missed"]],
    ["PENDING", "LATE", ["missed", "recovered"]],
    ["PENDING", "EXCUSED", []],
    ["PENDING", "ON_TIME", []],
    ["AT_RISK", "ON_TIME", ["recovered"]],
    ["AT_RISK", "MISSED", ["missed"]],
    ["AT_RISK", "LATE", ["missed", "recovered"]],
    ["AT_RISK", "EXCUSED", ["recovered"]],
    ["MISSED", "LATE", ["recovered"]],
    ["MISSED", "EXCUSED", ["recovered"]],
    ["MISSED", "MISSED", []],
    ["EXCUSED", "MISSED", ["missed"]],
    ["EXCUSED", "AT_RISK", ["at-risk"]],
    ["EXCUSED", "LATE", ["missed", "recovered"]],
  ];
  it.each(paths)("from %s to %s is %j", (told, state, alerts) => {
    expect(alertsOf({ told, state })).toEqual(alerts);
  });
});
