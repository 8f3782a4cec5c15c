// The judge has its own interval arithmetic: it must not share code with the ledger that it checks.

/** A half-open interval of numbers `[lower, upper)`. */
export interface Span {
  readonly lower: number;
  readonly upper: number;
}

/** Returns the spans sorted and merged, without empty ones. */
export function merged(spans: readonly Span[]): Span[] {
  const result: { lower: number; upper: number }[] = [];
  for (const { lower, upper } of spans.filter((span) => span.lower < span.upper).sort(byLower)) {
    const last = result.at(-1);
    if (last !== undefined && lower <= last.upper) last.upper = Math.max(last.upper, upper);
    else result.push({ lower, upper });
  }
  return result;
}

/** Returns the parts of `whole` that no part of `taken` covers. */
export function without(whole: readonly Span[], taken: readonly Span[]): Span[] {
  const cuts = merged(taken);
  const left: Span[] = [];
  let next = 0;
  for (const { lower, upper } of merged(whole)) {
    let from = lower;
    while (next < cuts.length && cuts[next]!.upper <= from) next += 1;
    for (let index = next; index < cuts.length && cuts[index]!.lower < upper; index += 1) {
      if (cuts[index]!.lower > from) left.push({ lower: from, upper: cuts[index]!.lower });
      from = Math.max(from, cuts[index]!.upper);
    }
    if (from < upper) left.push({ lower: from, upper });
  }
  return left;
}

/** Cuts `range` at the bounds of the spans, and returns each part with the spans that cover it. */
export function sliced<T extends Span>(range: Span, spans: readonly T[]): (Span & { readonly by: T[] })[] {
  const inside = spans.filter(
    ({ lower, upper }) => lower < upper && lower < range.upper && upper > range.lower,
  );
  inside.sort(byLower);
  const bounds = new Set([range.lower, range.upper]);
  for (const { lower, upper } of inside) {
    if (lower > range.lower) bounds.add(lower);
    if (upper < range.upper) bounds.add(upper);
  }
  const cuts = [...bounds].sort((a, b) => a - b);
  const slices: (Span & { by: T[] })[] = [];
  let open: T[] = [];
  let next = 0;
  for (let index = 0; index + 1 < cuts.length; index += 1) {
    const lower = cuts[index]!;
    open = open.filter((span) => span.upper > lower);
    for (; next < inside.length && inside[next]!.lower <= lower; next += 1) {
      if (inside[next]!.upper > lower) open.push(inside[next]!);
    }
    slices.push({ lower, upper: cuts[index + 1]!, by: [...open] });
  }
  return slices;
}

function byLower(a: Span, b: Span): number {
  return a.lower - b.lower;
}
