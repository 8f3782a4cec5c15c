/** A measured figure, its goal, and what the same run measured beside it. */
export interface Figure {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Such as `>= 20000`. */
  readonly goal: string;
  readonly reference: { readonly what: string; readonly value: number };
  readonly pass: boolean;
}

/** A figure that has to be at least its goal. */
export function atLeast(goal: number, figure: Omit<Figure, "goal" | "pass">): Figure {
  return { ...figure, goal: `>= ${goal}`, pass: figure.value >= goal };
}

/** A figure that may be at most its goal. */
export function atMost(goal: number, figure: Omit<Figure, "goal" | "pass">): Figure {
  return { ...figure, goal: `<= ${goal}`, pass: figure.value <= goal };
}

/** The value below which this share of all lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Rounds to three significant digits, so that tables show what a measurement can. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
