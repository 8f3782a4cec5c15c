import { z } from "zod";
import { line, wholeNumber } from "./text.js";

/** Query parameters that select a page. */
export const pageQuery = {
  limit: wholeNumber(1, 1_000).optional().describe("Most items of a page. Default 100."),
  cursor: line(4_000)
    .optional()
    .describe("`next` of the page before, of the same listing with the same filters."),
};

/** Returns the schema of a page of a listing. */
export function pageOf<Item extends z.ZodType>(id: string, item: Item) {
  return z
    .object({
      items: z.array(item).readonly().describe("At most `limit`."),
      next: z.string().optional().describe("`cursor` of the page after this one; absent on the last."),
    })
    .meta({ id, description: "A page of a listing." });
}

/** Returns the schema of a repeatable query parameter. */
export function severalOf<Item extends z.ZodType>(item: Item) {
  const asList = (value: unknown) => (typeof value === "string" ? [value] : value);
  return z.preprocess(asList, z.array(item)).optional();
}

/** Returns the fields that were given: a contract's optional fields are absent, not `undefined`. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
