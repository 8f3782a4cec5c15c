import type { Cell, Layout } from "./layout.js";

/** Indices of the bucket at which a selection began, and of the one up to which it reaches. */
export interface Selection {
  readonly anchor: number;
  readonly head: number;
}

/** Returns whether a selection has a bucket. */
export function isSelected(selection: Selection | undefined, index: number): boolean {
  if (selection === undefined) return false;
  const { anchor, head } = selection;
  return index >= Math.min(anchor, head) && index <= Math.max(anchor, head);
}

/** Returns the bucket that a key leads to from another one; `undefined` if the key means nothing here. */
export function bucketAfterKey(layout: Layout, from: number, key: string): number | undefined {
  const at = layout.rows.findIndex(({ cells }) => cells.some(({ index }) => index === from));
  const row = layout.rows[at];
  if (row === undefined) return undefined;
  const cell = row.cells.find(({ index }) => index === from)!;
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, from - 1);
    case "ArrowRight":
      return Math.min(lastIndex(layout), from + 1);
    case "ArrowUp":
      return nearest(layout, at - 1, cell) ?? from;
    case "ArrowDown":
      return nearest(layout, at + 1, cell) ?? from;
    case "PageUp":
      return nearest(layout, Math.max(0, at - 10), cell) ?? from;
    case "PageDown":
      return nearest(layout, Math.min(layout.rows.length - 1, at + 10), cell) ?? from;
    case "Home":
      return row.cells[0]!.index;
    case "End":
      return row.cells.at(-1)!.index;
    default:
      return undefined;
  }
}

function lastIndex({ rows }: Layout): number {
  return Math.max(...rows.map(({ cells }) => cells.at(-1)?.index ?? 0));
}

function nearest({ rows }: Layout, at: number, { from }: Cell): number | undefined {
  const cells = rows[at]?.cells;
  if (cells === undefined || cells.length === 0) return undefined;
  const distance = (cell: Cell) => Math.abs(cell.from - from);
  return cells.reduce((best, cell) => (distance(cell) < distance(best) ? cell : best)).index;
}
