import { CronExpressionParser } from "cron-parser";
import {
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  type FieldRule,
  HOUR,
  MINUTE,
  MONTH,
  type PlainPart,
  plainPart,
  QUARTZ_DAY_OF_WEEK,
  SECOND,
} from "./fields.js";

/** The values that the plain parts of a field stand for. */
export interface FieldValues {
  /** Ascending, each once, as the field writes them. */
  readonly values: readonly number[];
  /** Some part is a wildcard or a step from the first value on. */
  readonly isWildcard: boolean;
}

/** The fields that the parser knows, in the order of its expressions. It counts Sunday as 0 and as 7. */
const PARSED_FIELDS = [
  [SECOND, "second"],
  [MINUTE, "minute"],
  [HOUR, "hour"],
  [DAY_OF_MONTH, "dayOfMonth"],
  [MONTH, "month"],
  [DAY_OF_WEEK, "dayOfWeek"],
  [QUARTZ_DAY_OF_WEEK, "dayOfWeek"],
] as const;

/**
 * The values of a list of plain parts. Ranges that run backwards wrap around (`FRI-MON`, `22-2`).
 *
 * @throws TriggerError TRIGGER_INVALID naming the field, the part and what is allowed
 */
export function plainValues(texts: readonly string[], rule: FieldRule): FieldValues {
  const parts = texts.map((text) => plainPart(text, rule));
  const wrapped = parts.filter(({ from, to }) => from > to);
  const straight = parts.filter(({ from, to }) => from <= to);
  const values = new Set([...wrapped.flatMap((part) => wrapAround(part, rule)), ...parse(straight, rule)]);
  return {
    values: [...values].sort((a, b) => a - b),
    isWildcard: parts.some(({ isWildcard }) => isWildcard),
  };
}

function parse(parts: readonly PlainPart[], rule: FieldRule): number[] {
  if (parts.length === 0) return [];
  const position = PARSED_FIELDS.findIndex(([known]) => known === rule);
  const known = PARSED_FIELDS[position];
  // The parser has no years.
  if (known === undefined) return parts.flatMap(({ from, to, step }) => count(from, to, step));
  const fields = ["*", "*", "*", "*", "*", "*"];
  fields[Math.min(position, 5)] = parts.map(({ from, to, step }) => `${from}-${to}/${step}`).join(",");
  return CronExpressionParser.parse(fields.join(" ")).fields[known[1]].values.map(Number);
}

function wrapAround({ from, to, step }: PlainPart, rule: FieldRule): number[] {
  return count(from, to + rule.cycle, step).map((value) => (value > rule.max ? value - rule.cycle : value));
}

function count(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}
