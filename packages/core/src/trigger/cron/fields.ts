import { TriggerError } from "../../errors/errors.js";

/** The syntax of one field of a cron expression. */
export interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for values, in lower case. */
  readonly names: readonly string[];
  /** The value of the first name. */
  readonly firstName: number;
  /** How many values there are before they wrap around. */
  readonly cycle: number;
  /** The allowed forms, for messages. */
  readonly allowed: string;
}

const MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FORMS = "*, lists (1,2), ranges (1-3) and steps (*/5)";

export const SECOND: FieldRule = {
  name: "second",
  min: 0,
  max: 59,
  names: [],
  firstName: 0,
  cycle: 60,
  allowed: `0-59, ${FORMS}`,
};
export const MINUTE: FieldRule = {
  name: "minute",
  min: 0,
  max: 59,
  names: [],
  firstName: 0,
  cycle: 60,
  allowed: `0-59, ${FORMS}`,
};
export const HOUR: FieldRule = {
  name: "hour",
  min: 0,
  max: 23,
  names: [],
  firstName: 0,
  cycle: 24,
  allowed: `0-23, ${FORMS}`,
};
export const DAY_OF_MONTH: FieldRule = {
  name: "day of month",
  min: 1,
  max: 31,
  names: [],
  firstName: 0,
  cycle: 31,
  allowed: `1-31, ?, L, L-3, LW, 15W, ${FORMS}`,
};
export const MONTH: FieldRule = {
  name: "month",
  min: 1,
  max: 12,
  names: MONTH_NAMES,
  firstName: 1,
  cycle: 12,
  allowed: `1-12 or JAN-DEC, ${FORMS}`,
};
/** Sunday is 0 and 7. */
export const DAY_OF_WEEK: FieldRule = {
  name: "day of week",
  min: 0,
  max: 7,
  names: DAY_NAMES,
  firstName: 0,
  cycle: 7,
  allowed: `0-7 (0 and 7 are Sunday) or SUN-SAT, ?, 5L, 5#3, ${FORMS}`,
};
/** Sunday is 1. */
export const QUARTZ_DAY_OF_WEEK: FieldRule = {
  name: "day of week",
  min: 1,
  max: 7,
  names: DAY_NAMES,
  firstName: 1,
  cycle: 7,
  allowed: `1-7 (1 is Sunday) or SUN-SAT, ?, L, 6L, 6#3, ${FORMS}`,
};
export const YEAR: FieldRule = {
  name: "year",
  min: 1970,
  max: 2099,
  names: [],
  firstName: 0,
  cycle: 130,
  allowed: `1970-2099, ${FORMS}`,
};

/** One plain part of a field: a single value, a range or a wildcard, each with or without a step. */
export interface PlainPart {
  readonly from: number;
  /** Less than `from` if the range wraps around. */
  readonly to: number;
  readonly step: number;
  /** A wildcard, or a step from the first value on. */
  readonly isWildcard: boolean;
}

const PLAIN_PART = /^(?:(\*)|([0-9]{1,4}|[a-z]{3})(?:-([0-9]{1,4}|[a-z]{3}))?)(?:\/([0-9]{1,4}))?$/;

/**
 * Parses one plain part. A value with a step extends to the field's end; a step of 0 stands for the value
 * alone, as in Quartz.
 *
 * @throws TriggerError TRIGGER_INVALID naming the field, the part and what is allowed
 */
export function plainPart(text: string, rule: FieldRule): PlainPart {
  const match = PLAIN_PART.exec(text.toLowerCase());
  if (match === null) throw refusal(text, rule);
  const [, star, first, last, stepText] = match;
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step > rule.max) throw refusal(text, rule);
  if (star !== undefined) {
    if (step === 0) throw refusal(text, rule);
    return { from: rule.min, to: rule.max, step, isWildcard: true };
  }
  const from = fieldValue(first!, text, rule);
  if (last !== undefined)
    return { from, to: fieldValue(last, text, rule), step: Math.max(1, step), isWildcard: false };
  const runsOn = stepText !== undefined && step > 0;
  return { from, to: runsOn ? rule.max : from, step: Math.max(1, step), isWildcard: runsOn && from === 0 };
}

/** Returns the value of a number or a name. @throws TriggerError TRIGGER_INVALID */
export function fieldValue(text: string, part: string, rule: FieldRule): number {
  const named = rule.names.indexOf(text.toLowerCase());
  if (named >= 0) return named + rule.firstName;
  const value = /^[0-9]{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= rule.min && value <= rule.max)) throw refusal(part, rule);
  return value;
}

/** Returns the error of a part that a field does not accept. */
export function refusal(text: string, rule: FieldRule): TriggerError {
  return malformed(`${rule.name}: "${text.slice(0, 40)}" is not allowed; it takes ${rule.allowed}.`);
}

/** Returns the error of an expression that cannot be parsed. */
export function malformed(message: string): TriggerError {
  return new TriggerError("TRIGGER_INVALID", `trigger.expression: ${message}`, {
    field: "trigger.expression",
  });
}
