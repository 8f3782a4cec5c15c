import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How fresh the table is to be. */
export const PERIOD_S = 10;

/** For how long there are sales. */
const SALES_FOR_S = 600;

/** Two sales for each period to come, as SQL's `VALUES` has them. */
export function salesFrom(now: number): string {
  const first = Math.floor(now / 1_000 / PERIOD_S) * PERIOD_S;
  const periods = Array.from({ length: SALES_FOR_S / PERIOD_S }, (_, index) => first + index * PERIOD_S);
  return periods
    .map((second) => `('${periodName(second * 1_000)}', 20), ('${periodName(second * 1_000)}', 22)`)
    .join(", ");
}

/** `20260101123010`: what the table's `date-formatter` makes of a time. */
export function periodName(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");
}

/** The rows of a partition's files. */
export function rowsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean));
}
