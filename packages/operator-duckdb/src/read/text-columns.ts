import { identifier } from "../duckdb/quote.js";
import type { Values } from "../duckdb/session.js";
import { columnType } from "../job/column-type.js";
import type { Defect, TextColumn } from "./relation.js";
import { typedValueOf } from "./text-value.js";

/** What a text source copies: the columns and how their text can be bad. */
export interface TextSelection {
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
  const selected = columns.map((column, index) => {
    const text = textOf(column);
    const value = typedValueOf(text, column.type);
    if (value !== text) {
      values[`misfit_${index}`] = `${column.name} is no ${column.type}: `;
      defects.push({
        condition: `(${text} IS NOT NULL AND ${value} IS NULL)`,
        reason: `$misfit_${index} || ${text}`,
      });
    }
    return `${value} AS ${identifier(column.name)}`;
  });
  return { columns: selected.join(", "), defects, values };
}

/** Declared columns with their types as DuckDB writes them. */
export function declaredColumns(columns: Readonly<Record<string, string>>): readonly TextColumn[] {
  return Object.entries(columns).map(([name, declared]) => ({ name, type: columnType(declared)! }));
}

/**
 * Inferred columns as if they had been declared.
 *
 * @param fallback - the type of columns that have none of the types that can be declared
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

/** Inferred types that stand for another: Parquet has no HUGEINT, which DuckDB infers for some negative numbers. */
const INFERRED_ALIASES: Readonly<Record<string, string>> = {
  HUGEINT: "BIGINT",
  "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
};
