import { identifier } from "../duckdb/quote.js";
import type { Values } from "../duckdb/session.js";
import { columnType } from "../job/column-type.js";
import type { Defect, TextColumn } from "./relation.js";
import { castOf, isCut } from "./text-value.js";

/** The columns that a text source copies, and how their text can be bad. */
export interface TextSelection {
  /**
   * Additional items for a relation's `carried`: the values under separate names, so that each text is cast
   * once.
   */
  readonly casts: string;
  readonly columns: string;
  readonly defects: readonly Defect[];
  readonly values: Values;
}

/** @param textOf - the expression of a column's text, or of the value itself for type `JSON` of a JSON source */
export function selectText(
  columns: readonly TextColumn[],
  textOf: (column: TextColumn) => string,
): TextSelection {
  const values: Record<string, string> = {};
  const defects: Defect[] = [];
  const casts: string[] = [];
  const selected = columns.map((column, index) => {
    const text = textOf(column);
    const cast = castOf(text, column.type);
    const name = identifier(column.name);
    if (cast === text) return `${text} AS ${name}`;
    const value = `value_${index}`;
    casts.push(`${cast} AS ${value}`);
    const isMisfit = `(${text} IS NOT NULL AND ${value} IS NULL)`;
    const isAltered = isCut(text, value, column.type);
    values[`misfit_${index}`] = `${column.name} is no ${column.type}: `;
    defects.push({
      condition: isAltered === undefined ? isMisfit : `${isMisfit} OR ${isAltered}`,
      reason: `$misfit_${index} || ${text}`,
    });
    return `${value} AS ${name}`;
  });
  return { casts: casts.map((cast) => `, ${cast}`).join(""), columns: selected.join(", "), defects, values };
}

/** Returns declared columns with their types as DuckDB spells them. */
export function declaredColumns(columns: Readonly<Record<string, string>>): readonly TextColumn[] {
  return Object.entries(columns).map(([name, declared]) => ({ name, type: columnType(declared)! }));
}

/**
 * Returns inferred columns as if they had been declared.
 *
 * @param fallback - the type of columns whose inferred type cannot be declared
 */
export function inferredColumns(
  described: readonly { readonly column_name: string; readonly column_type: string }[],
  fallback: "JSON" | "VARCHAR",
): readonly TextColumn[] {
  return described.map(({ column_name, column_type }) => ({
    name: column_name,
    type: INFERRED_ALIASES[column_type] ?? columnType(column_type) ?? fallback,
  }));
}

/** Replacements of inferred types: Parquet has no HUGEINT, which DuckDB infers for some negative numbers. */
const INFERRED_ALIASES: Readonly<Record<string, string>> = {
  HUGEINT: "BIGINT",
  "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
};
