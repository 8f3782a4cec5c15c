/** Tabs below the picture. */
export const TABS = ["runs", "backfills", "late", "audit", "versions", "settings"] as const;

/** Spans of time that the picture may show, up to now. */
export const SPANS = ["1d", "7d", "35d", "1y", "all"] as const;

export type Span = (typeof SPANS)[number];

/** The view of a group, in the page's address. */
export interface GroupSearch {
  readonly span?: Span | undefined;
  /** A range of one's own, epoch ms; instead of a span. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly view?: "table" | undefined;
  readonly tab?: (typeof TABS)[number] | undefined;
}

export function groupSearch(search: Record<string, unknown>): GroupSearch {
  const { from, to } = search;
  const hasRange = isInstant(from) && isInstant(to) && from < to;
  return {
    span: SPANS.find((span) => span === search.span),
    from: hasRange ? from : undefined,
    to: hasRange ? to : undefined,
    view: search.view === "table" ? "table" : undefined,
    tab: TABS.find((tab) => tab === search.tab),
  };
}

function isInstant(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value);
}

const DAY = 86_400_000;

const SPAN_MS: Readonly<Record<Exclude<Span, "all">, number>> = {
  "1d": DAY,
  "7d": 7 * DAY,
  "35d": 35 * DAY,
  "1y": 366 * DAY,
};

/** Returns the range of a view; `undefined` for the whole ledger. */
export function rangeOf(
  { span, from, to }: GroupSearch,
  ledger: { readonly origin: number; readonly watermark: number; readonly intervalMs: number },
): { lower: number; upper: number } | undefined {
  if (from !== undefined && to !== undefined) return { lower: from, upper: to };
  const chosen = span ?? defaultSpan(ledger);
  if (chosen === "all") return undefined;
  // Owed time lies after the watermark.
  const upper = ledger.watermark + SPAN_MS[chosen];
  const lower = Math.max(ledger.origin, ledger.watermark - SPAN_MS[chosen]);
  return lower < upper ? { lower, upper } : undefined;
}

/** Returns the span that shows some dozens of rows. */
export function defaultSpan({ intervalMs }: { readonly intervalMs: number }): Span {
  if (intervalMs < 10_000) return "all";
  if (intervalMs < 3 * 60_000) return "1d";
  return intervalMs < DAY / 2 ? "35d" : "all";
}
