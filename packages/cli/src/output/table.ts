import { styleText } from "node:util";
import { visible } from "./visible.js";

/** A column of a table: its heading, and the text of an item. */
export type Column<T> = readonly [heading: string, text: (item: T) => string | number | null | undefined];

/** Writes items as a table, columns aligned; the last one may be of any width. */
export function tableText<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  const rows = items.map((item) => columns.map(([, text]) => visible(String(text(item) ?? ""))));
  const widths = columns.map(([heading], index) =>
    rows.reduce((width, row) => Math.max(width, row[index]!.length), heading.length),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join("  ")
      .trimEnd();
  const heading = styleText("bold", line(columns.map(([name]) => name)), { stream: process.stdout });
  return [heading, ...rows.map(line)].join("\n");
}
