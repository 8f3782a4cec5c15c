import type { Dialect, NewLine } from "../read/csv-dialect.js";

/** The header of a CSV file and its position. */
export interface CsvHeader {
  /** `undefined` if the file is empty or its dialect has no header. */
  readonly names: readonly string[] | undefined;
  /** Whether DuckDB's reader finds the first row by itself, given only the number of lines to skip. */
  readonly isPlain: boolean;
  /** Offset of the first row, bytes. */
  readonly end: number;
  /** Number of lines before the first row. */
  readonly lines: number;
  /** How the header, or else the first row, ends; `undefined` if that is not known. */
  readonly newLine: NewLine | undefined;
}

/**
 * Finds the header in a file's first bytes: after a byte order mark, the lines to skip, and blank lines. A
 * quoted name may hold line ends.
 *
 * @param text - the bytes as latin1, so that each character is a byte
 * @param isWhole - whether these are all the bytes of the file
 * @returns `"more"` when these bytes do not hold the whole header, `"unclosed"` when the file ends inside its
 * quotes
 */
export function findHeader(
  text: string,
  dialect: Dialect,
  isWhole: boolean,
): CsvHeader | "more" | "unclosed" {
  const start = text.startsWith("\xef\xbb\xbf") ? 3 : 0;
  let at = start;
  for (let skipped = 0; skipped < dialect.skip; skipped += 1) at = lineEnd(text, at).next;
  const preamble = text.slice(start, at);
  let isPlain = !preamble.split(LINE_END).slice(0, -1).includes("") && !holdsQuote(preamble, dialect);
  while (dialect.header && at < text.length && isBlank(text.slice(at, lineEnd(text, at).at), dialect)) {
    isPlain = false;
    at = lineEnd(text, at).next;
  }
  // A line feed after the last byte may still belong to a carriage return.
  if (!isWhole && at >= text.length - 1) return "more";
  const record = at >= text.length ? undefined : recordAt(text, at, bytewise(dialect));
  if (!dialect.header || at >= text.length) {
    const isKnown = record !== undefined && (isWhole || record.end < text.length - 1);
    const newLine = isKnown ? newLineBefore(text, record.end) : undefined;
    isPlain &&= endsAlike(preamble, newLine);
    return { names: undefined, isPlain, end: at, lines: linesOf(text, at), newLine };
  }
  if (record === undefined) return isWhole ? "unclosed" : "more";
  if (!isWhole && record.end >= text.length - 1) return "more";
  const isOneLine = record.end === lineEnd(text, at).next;
  const newLine = newLineBefore(text, record.end);
  return {
    names: record.fields.map((field) => Buffer.from(field, "latin1").toString()),
    isPlain: isPlain && isOneLine && endsAlike(preamble, newLine),
    end: record.end,
    lines: linesOf(text, record.end),
    newLine,
  };
}

/** Returns whether all lines to skip end in a certain way: if not, DuckDB's reader skips more or less than they are. */
function endsAlike(preamble: string, newLine: NewLine | undefined): boolean {
  const ends = preamble.match(new RegExp(LINE_END, "g")) ?? [];
  return ends.every((end) => newLineBefore(end, end.length) === newLine);
}

function newLineBefore(text: string, end: number): NewLine | undefined {
  if (text[end - 1] === "\r") return "\\r";
  if (text[end - 1] !== "\n") return undefined;
  return text[end - 2] === "\r" ? "\\r\\n" : "\\n";
}

const LINE_END = /\r\n|\n|\r/;

/** Returns where the line at an offset ends, and where the next one begins. */
function lineEnd(text: string, from: number): { readonly at: number; readonly next: number } {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\n") return { at, next: at + 1 };
    if (text[at] === "\r") return { at, next: text[at + 1] === "\n" ? at + 2 : at + 1 };
  }
  return { at: text.length, next: text.length };
}

function linesOf(text: string, end: number): number {
  return text.slice(0, end).split(LINE_END).length - 1;
}

function isBlank(line: string, { delimiter }: Dialect): boolean {
  return line.trim() === "" && !line.includes(delimiter);
}

function holdsQuote(text: string, { quote }: Dialect): boolean {
  return quote !== "" && text.includes(quote);
}

/** Returns a dialect with its characters as the bytes of text that was read as latin1. */
function bytewise(dialect: Dialect): Dialect {
  const bytes = (character: string) => Buffer.from(character).toString("latin1");
  return {
    ...dialect,
    delimiter: bytes(dialect.delimiter),
    quote: bytes(dialect.quote),
    escape: bytes(dialect.escape),
  };
}

/**
 * Returns the record at an offset, and where the next one begins; `undefined` when the text ends inside
 * quotes.
 */
function recordAt(
  text: string,
  from: number,
  dialect: Dialect,
): { readonly fields: readonly string[]; readonly end: number } | undefined {
  const fields: string[] = [];
  let at = from;
  for (;;) {
    const field = fieldAt(text, at, dialect);
    if (field === undefined) return undefined;
    fields.push(field.value);
    if (!text.startsWith(dialect.delimiter, field.end)) return { fields, end: lineEnd(text, field.end).next };
    at = field.end + dialect.delimiter.length;
  }
}

interface Field {
  readonly value: string;
  /** Offset of its delimiter, the end of its line or the end of the text. */
  readonly end: number;
}

function fieldAt(text: string, from: number, dialect: Dialect): Field | undefined {
  const { delimiter, quote, escape: escapeWith } = dialect;
  const open = spacesEnd(text, from);
  if (quote !== "" && text[open] === quote) {
    let value = "";
    let at = open + 1;
    for (; text[at] !== quote || (escapeWith === quote && text[at + 1] === quote); at += 1) {
      if (at >= text.length) return undefined;
      if (text[at] === escapeWith) at += 1;
      value += text[at] ?? "";
    }
    const end = spacesEnd(text, at + 1);
    if (end >= text.length || text.startsWith(delimiter, end) || isLineEnd(text[end])) return { value, end };
  }
  let end = from;
  while (end < text.length && !isLineEnd(text[end]) && !text.startsWith(delimiter, end)) end += 1;
  return { value: text.slice(from, end), end };
}

function spacesEnd(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at += 1;
  return at;
}

function isLineEnd(character: string | undefined): boolean {
  return character === "\n" || character === "\r";
}
