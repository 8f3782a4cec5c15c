import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Bed, HOUR } from "./bed.js";

// TIDEGATE_FILES=100000 TIDEGATE_SEED=7 reads a hundred thousand, others than those of each run.
const COUNT = Number(process.env.TIDEGATE_FILES ?? 60);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_261_130);

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 1_000);

const WHOLE = { lower: 0, upper: HOUR, mode: "full" } as const;

/** Pieces of text that a reader may take for something else. */
const PIECES = [
  ..."aZ9 \t\"',;|#\\{}[]:-=\n\ré\u2028\u0085\u00a0\ufeff\u0001\u007f",
  ...["😀", "  ", "\r\n", "NA", "null"],
];

const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join(""));

/** A value, and a number that decides between the ways to write it. */
const cell = fc.tuple(fc.option(text, { freq: 8 }), fc.nat(99));

const table = fc
  .integer({ min: 1, max: 5 })
  .chain((width) =>
    fc.tuple(
      fc.constant(width),
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 12 }),
    ),
  );

type Table = readonly (readonly (string | null)[])[];

interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  readonly skip: number;
  readonly comment?: string;
  readonly nullString?: string;
  readonly encoding: "utf-8" | "utf-16le" | "utf-16be";
}

const dialect = fc
  .record({
    delimiter: fc.constantFrom(",", ";", "\t", "|"),
    quote: fc.constantFrom('"', "'"),
    isBackslash: fc.boolean(),
    header: fc.boolean(),
    skip: fc.constantFrom(0, 0, 0, 2),
    comment: fc.constantFrom(undefined, undefined, "#"),
    nullString: fc.constantFrom(undefined, undefined, "NA"),
    encoding: fc.constantFrom("utf-8", "utf-8", "utf-16le", "utf-16be"),
  })
  .map(({ isBackslash, comment, nullString, ...rest }): Dialect => {
    const own = { ...rest, escape: isBackslash ? "\\" : rest.quote } as Dialect;
    return { ...own, ...(comment && { comment }), ...(nullString && { nullString }) };
  });

/** How a file is put down: the ends of its lines in turn, a byte order mark, gzip, and whether its last line is open. */
const form = fc.record({
  ends: fc.constantFrom(["\n"], ["\r\n"], ["\r"], ["\n", "\r\n"], ["\r\n", "\r"], ["\r", "\n", "\r\n"]),
  hasMark: fc.boolean(),
  isCompressed: fc.boolean(),
  isOpen: fc.boolean(),
});

type Form = typeof form extends fc.Arbitrary<infer Value> ? Value : never;

/** Writes a value in quotes where it has to be, and sometimes where it need not. */
function spelled(value: string | null, choice: number, column: number, own: Dialect): string {
  const { delimiter, quote, escape: escapeWith, comment, nullString = "" } = own;
  if (value === null) return nullString;
  const isBare =
    value !== "" &&
    ![delimiter, quote, "\n", "\r", escapeWith].some((special) => value.includes(special)) &&
    !(column === 0 && [comment, "\ufeff"].some((first) => first !== undefined && value.startsWith(first)));
  if (isBare && choice >= 20) return value;
  const inner = escapeWith === quote ? value : value.replaceAll(escapeWith, escapeWith + escapeWith);
  return quote + inner.replaceAll(quote, escapeWith + quote) + quote;
}

function encoded(content: string, { hasMark, isCompressed }: Form, { encoding }: Dialect): Buffer {
  const marked = (hasMark ? "\ufeff" : "") + content;
  const bytes = Buffer.from(marked, encoding === "utf-8" ? "utf8" : "utf16le");
  if (encoding === "utf-16be") bytes.swap16();
  return isCompressed ? gzipSync(bytes) : bytes;
}

describe("a random file is taken over exactly", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  /** Reads a file as texts and returns its rows in any order. */
  const read = async (format: string, names: readonly string[], content: Buffer, options?: Dialect) => {
    const path = bed.write(`in.${format}`, content);
    const columns = Object.fromEntries(names.map((name) => [name, "VARCHAR"]));
    const source = { format, path, columns, ...(options && { options: { ...options } }) };
    const outcome = await bed.run({ job: { source, target: { path: bed.target } }, ...WHOLE });
    expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsDirty: 0 } });
    // DuckDB's client drops a byte order mark at the beginning of a text.
    const rows = await bed.rows("to_json([*COLUMNS(* EXCLUDE (interval))])::VARCHAR AS row");
    return rows.map(({ row }) => JSON.stringify(JSON.parse(row as string))).sort();
  };

  const linesOf = (rows: Table) => rows.map((row) => JSON.stringify(row)).sort();

  it(
    "of CSV, whatever its dialect and its values",
    async () => {
      const isExact = fc.asyncProperty(table, dialect, form, async ([width, cells], own, given) => {
        const names = Array.from({ length: width }, (_, column) => `c${column}`);
        // A null and the text that stands for it are one, and a line of one null is blank.
        const shown = (value: string | null) => (value === (own.nullString ?? "") ? null : value);
        const rows = cells.map((row) => row.map(([value]) => shown(value)));
        const filled = rows.filter((row) => width > 1 || row[0] !== null || own.nullString !== undefined);
        const choices = cells.map((row) => row.map(([, choice]) => choice));
        const lines = [
          ...Array.from({ length: own.skip }, () => `a title${own.delimiter} of "it`),
          ...(own.header ? [names.join(own.delimiter)] : []),
          ...filled.map((row, index) =>
            row.map((value, at) => spelled(value, choices[index]![at]!, at, own)).join(own.delimiter),
          ),
        ];
        const ended = lines.map((line, index) => {
          const isLast = index === lines.length - 1;
          return (
            line + (isLast && given.isOpen && filled.length > 0 ? "" : given.ends[index % given.ends.length])
          );
        });
        const content = encoded(ended.join(""), given, own);
        expect(await read("csv", names, content, own)).toEqual(linesOf(filled));
      });
      await fc.assert(isExact, { numRuns: COUNT, seed: SEED });
    },
    LIMIT_MS,
  );

  it(
    "of JSON, as lines and as an array",
    async () => {
      const isExact = fc.asyncProperty(table, fc.boolean(), form, async ([width, cells], isArray, given) => {
        const names = Array.from({ length: width }, (_, column) => `c${column}`);
        const objects = cells.map((row) => {
          const members = row.map(([value, choice], column) => {
            const plain = JSON.stringify(value);
            const written = choice < 30 && value !== null ? `"${escapedUnits(value)}"` : plain;
            return `${choice % 2 === 0 ? " " : ""}"c${column}" :\t${written}`;
          });
          // In any order, and with a member that nobody asks for.
          return `{${[...members.reverse(), '"z": {"c0": "}"}'].join(",")} }`;
        });
        const breaks = given.ends.filter((end) => end !== "\r");
        const end = breaks[0] ?? "\n";
        const content = isArray
          ? `[${objects.join(`,${end}`)}]${end}`
          : objects.map((one) => one + end).join("");
        const bytes = encoded(content, given, { encoding: "utf-8" } as Dialect);
        const rows = cells.map((row) => row.map(([value]) => value));
        expect(await read("json", names, bytes)).toEqual(linesOf(rows));
      });
      await fc.assert(isExact, { numRuns: COUNT, seed: SEED });
    },
    LIMIT_MS,
  );
});

/** Writes each UTF-16 unit of a text as an escape of JSON. */
function escapedUnits(value: string): string {
  const units = Array.from({ length: value.length }, (_, index) => value.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
