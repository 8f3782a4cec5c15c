import { type FieldRule, type PlainPart, plainPart, refusal, YEAR } from "./fields.js";

/** The values that the plain parts of a field stand for. */
export interface FieldValues {
  /** Ascending, each once, as the field writes them. */
  readonly values: readonly number[];
  /** Some part is a wildcard or a step from the first value on. */
  readonly isWildcard: boolean;
}

/**
 * The values of a list of plain parts, which may overlap. Ranges that run backwards wrap around (`FRI-MON`, `22-2`), but
 * for years, which do not come round again.
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

function valuesOf({ from, to, step }: PlainPart, rule: FieldRule): number[] {
  const end = from > to ? to + rule.cycle : to;
  const count = Math.floor((end - from) / step) + 1;
  return Array.from({ length: count }, (_, index) => from + index * step).map((value) =>
    value > rule.max ? value - rule.cycle : value,
  );
}
