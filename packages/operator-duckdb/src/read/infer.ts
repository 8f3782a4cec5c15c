import { identifier } from "../duckdb/quote.js";
import type { Session, Values } from "../duckdb/session.js";
import type { TextColumn } from "./relation.js";
import { exactValueOf } from "./text-value.js";

/** How many rows a type is inferred from. */
const SAMPLE_ROWS = 20_480;

/** Digits that a double always keeps. */
const DOUBLE_DIGITS = 15;

/** Kinds of text, each a bit of a set, with the condition for a text that no earlier kind matched. */
const KINDS = {
  BOOLEAN: (text: string) => `regexp_full_match(${text}, '(?i)true|false')`,
  // Numbers with a leading zero are names: of places, of articles.
  SHORT_INTEGER: (text: string) =>
    `regexp_full_match(${text}, '\\s*[+-]?(0|[1-9]\\d{0,${DOUBLE_DIGITS - 1}})\\s*')`,
  BIGINT: (text: string) =>
    `(regexp_full_match(${text}, '\\s*[+-]?[1-9]\\d*\\s*') AND ${exactValueOf(text, "BIGINT")} IS NOT NULL)`,
  DOUBLE: (text: string) =>
    `(NOT regexp_matches(${text}, '^\\s*[+-]?0\\d') AND length(regexp_replace(${text}, '[eE].*|[^0-9]', '', 'g')) <= ${DOUBLE_DIGITS + 2} AND isfinite(${exactValueOf(text, "DOUBLE")}))`,
  DATE: (text: string) => `(NOT contains(${text}, ':') AND ${exactValueOf(text, "DATE")} IS NOT NULL)`,
  TIME: (text: string) => `(${exactValueOf(text, "TIME")} IS NOT NULL)`,
  TIMESTAMPTZ: (text: string) =>
    `(regexp_matches(${text}, '(?i):\\d\\d[.\\d]*\\s*([a-z]+|[+-][\\d:]+)\\s*$') AND ${exactValueOf(text, "TIMESTAMPTZ")} IS NOT NULL)`,
  TIMESTAMP: (text: string) => `(${exactValueOf(text, "TIMESTAMP")} IS NOT NULL)`,
  TIMESTAMP_NS: (text: string) => `(${exactValueOf(text, "TIMESTAMP_NS")} IS NOT NULL)`,
} as const;

type Kind = keyof typeof KINDS;

const NAMES = Object.keys(KINDS) as Kind[];
const OTHER = 1 << NAMES.length;

/** The types that hold all texts of certain kinds, narrowest first. */
const TYPES: readonly (readonly [type: string, kinds: number])[] = [
  ["BOOLEAN", bits("BOOLEAN")],
  ["BIGINT", bits("SHORT_INTEGER", "BIGINT")],
  ["DOUBLE", bits("SHORT_INTEGER", "DOUBLE")],
  ["DATE", bits("DATE")],
  ["TIME", bits("TIME")],
  ["TIMESTAMP", bits("DATE", "TIMESTAMP")],
  ["TIMESTAMPTZ", bits("DATE", "TIMESTAMP", "TIMESTAMPTZ")],
  ["TIMESTAMP_NS", bits("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS")],
];

function bits(...kinds: readonly Kind[]): number {
  return kinds.reduce((set, kind) => set | (1 << NAMES.indexOf(kind)), 0);
}

/** Rows of texts. */
export interface Texts {
  /** The expression of each column's text. */
  readonly texts: readonly string[];
  readonly from: string;
  readonly values: Values;
}

/** Returns the kinds of text in each column as bit sets: empty for a column without values. */
export async function kindsOf(session: Session, { texts, from, values }: Texts): Promise<readonly number[]> {
  const sets = texts.map((text, index) => `bit_or(${kindOf(text)}) AS ${identifier(`kinds_${index}`)}`);
  const [row] = await session.rows<Readonly<Record<string, number | null>>>(
    `SELECT ${sets.join(", ")} FROM (SELECT * FROM ${from} LIMIT ${SAMPLE_ROWS})`,
    values,
  );
  return texts.map((_, index) => row?.[`kinds_${index}`] ?? 0);
}

function kindOf(text: string): string {
  const cases = NAMES.map((kind, index) => `WHEN ${KINDS[kind](text)} THEN ${1 << index}`);
  return `CASE WHEN ${text} IS NULL THEN 0 ${cases.join(" ")} ELSE ${OTHER} END`;
}

/** A column of one or some of the files. */
export interface FoundColumn {
  readonly name: string;
  readonly kinds: number;
}

/** Merges columns of the same name into one whose type holds the texts of all. Names are case-insensitive. */
export function uniteColumns(found: readonly FoundColumn[]): readonly TextColumn[] {
  const united = new Map<string, FoundColumn>();
  for (const { name, kinds } of found) {
    const known = united.get(name.toLowerCase());
    united.set(name.toLowerCase(), { name: known?.name ?? name, kinds: kinds | (known?.kinds ?? 0) });
  }
  return [...united.values()].map(({ name, kinds }) => ({ name, type: typeOf(kinds) }));
}

function typeOf(kinds: number): string {
  if (kinds === 0) return "VARCHAR";
  return TYPES.find(([, held]) => (kinds & ~held) === 0)?.[0] ?? "VARCHAR";
}
