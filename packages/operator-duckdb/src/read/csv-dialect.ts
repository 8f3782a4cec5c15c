import type { Values } from "../duckdb/session.js";
import type { CsvOptions } from "../job/job.js";

/** The end of a line, as DuckDB's reader takes it. */
export type NewLine = "\\n" | "\\r\\n" | "\\r";

/** A fully specified CSV dialect. */
export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  readonly nullString: string;
  readonly skip: number;
  /** `""` for none. */
  readonly comment: string;
  readonly relaxed: boolean;
  /** How lines end. DuckDB's reader takes the first line end of a file for it, even one inside quotes. @default that */
  readonly newLine?: NewLine | undefined;
  /** Whether files are read from their beginning to their end, and not in parts. @default false */
  readonly isIndivisible?: boolean;
}

export function dialectOf(options: CsvOptions = {}): Dialect {
  const quote = options.quote ?? '"';
  return {
    delimiter: options.delimiter ?? ",",
    quote,
    escape: options.escape ?? quote,
    header: options.header ?? true,
    nullString: options.nullString ?? "",
    skip: options.skip ?? 0,
    comment: options.comment ?? "",
    relaxed: options.relaxed ?? false,
  };
}

/** Returns a dialect as arguments of `read_csv`; their values come from `dialectValues`. */
export function dialectArguments({ newLine }: Dialect): string {
  const lines = newLine === undefined ? "" : `, new_line = '${newLine}'`;
  return `header = $header, delim = $delimiter, quote = $quote, escape = $escape, nullstr = $nullString, skip = $skip${lines}`;
}

export function dialectValues(dialect: Dialect): Values {
  const { header, delimiter, quote, escape: escapeWith, nullString, skip } = dialect;
  return { header, delimiter, quote, escape: escapeWith, nullString, skip: BigInt(skip) };
}

/**
 * Returns a line's fields as a VARCHAR[] expression over `fieldValues`: a best effort for lines that do not
 * parse.
 */
export function fieldsOf(line: string): string {
  const field = "x";
  return `list_transform(regexp_extract_all($delimiter || ${line}, $fieldPattern, 1), lambda ${field}: \
CASE WHEN $quote <> '' AND starts_with(${field}, $quote) AND length(${field}) > 1 \
THEN replace(${field}[2:-2], $escape || $quote, $quote) ELSE ${field} END)`;
}

export function fieldValues(dialect: Dialect): Values {
  const { delimiter, quote } = dialect;
  return { delimiter, quote, escape: dialect.escape, fieldPattern: fieldPattern(dialect) };
}

/** Matches a delimiter and the field after it, quoted or bare, so that the empty match never occurs. */
function fieldPattern(dialect: Dialect): string {
  const d = literally(dialect.delimiter);
  const q = literally(dialect.quote);
  const e = literally(dialect.escape);
  const bare = `[^${d}]*`;
  return q === "" ? `${d}(${bare})` : `${d}(${q}(?:[^${q}${e}]|${e}[\\s\\S])*${q}|${bare})`;
}

function literally(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|-]/, "\\$&");
}
