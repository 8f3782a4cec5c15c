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
  refusal,
  SECOND,
  YEAR,
} from "./fields.js";

/** The values that the plain parts of a field stand for. */
export interface FieldValues {
  /** Ascending, without duplicates, numbered as in the field. */
  readonly values: readonly number[];
  /** Some part is a wildcard or a step from the first value on. */
  readonly isWildcard: boolean;
}

/** The fields that the parser knows, by their position in its expressions. It counts Sunday as 0 and as 7. */
const PARSED_FIELDS = new Map<FieldRule, { readonly place: number; readonly name: ParsedField }>([
  [SECOND, { place: 0, name: "second" }],
  [MINUTE, { place: 1, name: "minute" }],
  [HOUR, { place: 2, name: "hour" }],
  [DAY_OF_MONTH, { place: 3, name: "dayOfMonth" }],
  [MONTH, { place: 4, name: "month" }],
  [DAY_OF_WEEK, { place: 5, name: "dayOfWeek" }],
  [QUARTZ_DAY_OF_WEEK, { place: 5, name: "dayOfWeek" }],
]);

type ParsedField = "second" | "minute" | "hour" | "dayOfMonth" | "month" | "dayOfWeek";

/**
 * Returns the values of a list of plain parts, which may overlap. Ranges that run backwards wrap around
 * (`FRI-MON`, `22-2`), except for years, which do not repeat.
 *
 * @throws TriggerError TRIGGER_INVALID naming the field, the part and what is allowed
 */
export function plainValues(texts: readonly string[], rule: FieldRule): FieldValues {
  const parts = texts.map((text) => {
    const part = plainPart(text, rule);
    if (rule === YEAR && part.from > part.to) throw refusal(text, rule);
    return part;
  });
  return {
    values: [...new Set(parts.flatMap((part) => valuesOf(part, rule)))].sort((a, b) => a - b),
    isWildcard: parts.some(({ isWildcard }) => isWildcard),
  };
}

function valuesOf(part: PlainPart, rule: FieldRule): number[] {
  const { from, to, step } = part;
  const parsed = PARSED_FIELDS.get(rule);
  // The parser supports neither years nor ranges that run backwards.
  if (parsed === undefined || from > to) return countedValues(part, rule);
  // One part at a time: the parser refuses lists whose parts overlap.
  const fields = ["*", "*", "*", "*", "*", "*"];
  fields[parsed.place] = `${from}-${to}/${step}`;
  return CronExpressionParser.parse(fields.join(" ")).fields[parsed.name].values.map(Number);
}

function countedValues({ from, to, step }: PlainPart, rule: FieldRule): number[] {
  const end = from > to ? to + rule.cycle : to;
  const count = Math.floor((end - from) / step) + 1;
  return Array.from({ length: count }, (_, index) => from + index * step).map((value) =>
    value > rule.max ? value - rule.cycle : value,
  );
}
