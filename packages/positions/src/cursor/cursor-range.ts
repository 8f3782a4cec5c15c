import { MAIN_PARTITION, type OffsetRange } from "@tidegate/core/offset";
import { wholeOf } from "../kit/whole-position.js";

/** A half-open range of a cursor column. */
export interface Range {
  readonly lower: string;
  readonly upper: string;
}

/** How a table is asked. */
export interface CursorRangeParts {
  /** Runs one query and returns its rows, with their values as texts. */
  query(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  /** As SQL has it. */
  readonly table: string;
  /** As SQL has it. */
  readonly column: string;
  /** Writes a position as SQL has it. @default as it is */
  readonly literal?: (position: string) => string;
}

/**
 * Measures and divides a table by its cursor column. Rows are sorted by the column of the table, since the text of
 * the same name that a query returns would be sorted as a text.
 */
export class CursorRange {
  readonly #parts: CursorRangeParts;

  constructor(parts: CursorRangeParts) {
    this.#parts = parts;
  }

  /** Returns the SQL for the least or the greatest value, as a text; NULL if there is none. */
  extreme(which: "least" | "greatest", where = "true"): string {
    const { table, column } = this.#parts;
    const order = which === "least" ? "ASC" : "DESC";
    return `(SELECT CAST(${column} AS VARCHAR) FROM ${table} AS t WHERE ${column} IS NOT NULL AND ${where} ORDER BY t.${column} ${order} LIMIT 1)`;
  }

  /** Returns the least value of the rows that meet a condition. */
  least(where: string): Promise<string | undefined> {
    return this.#one(this.extreme("least", where));
  }

  /** Returns the position before the row behind the limit; rows that share a value stay together. */
  async cut(range: Range, records: number | undefined): Promise<string> {
    if (records === undefined) return range.upper;
    const { table, column, literal = String } = this.#parts;
    const where = this.#within(range);
    const end = await this.#one(
      `(SELECT CAST(${column} AS VARCHAR) FROM ${table} AS t WHERE ${where} ORDER BY t.${column} LIMIT 1 OFFSET ${records})`,
    );
    if (end === undefined) return range.upper;
    if ((await this.least(where)) !== end) return end;
    return (await this.least(`${where} AND ${column} > ${literal(end)}`)) ?? range.upper;
  }

  async count(range: Range): Promise<number> {
    const { table } = this.#parts;
    return Number(
      await this.#one(`(SELECT CAST(count(*) AS VARCHAR) FROM ${table} WHERE ${this.#within(range)})`),
    );
  }

  #within({ lower, upper }: Range): string {
    const { column, literal = String } = this.#parts;
    return `${column} >= ${literal(lower)} AND ${column} < ${literal(upper)}`;
  }

  async #one(expression: string): Promise<string | undefined> {
    const [row] = await this.#parts.query(`SELECT ${expression} AS value`);
    return row!.value ?? undefined;
  }
}

/**
 * Returns the range of the only partition. Positions are parts of queries, so they are made anew from their numbers.
 *
 * @throws SourceError SOURCE_INVALID if one is no whole number
 */
export function mainRange({ lower, upper }: OffsetRange): Range {
  const positionOf = (vector: OffsetRange["upper"]): string =>
    String(wholeOf(vector[MAIN_PARTITION] ?? "none"));
  return { lower: positionOf(lower), upper: positionOf(upper) };
}

/** Returns the vector of the only partition. */
export function mainVector(position: string): Record<string, string> {
  return { [MAIN_PARTITION]: position };
}
