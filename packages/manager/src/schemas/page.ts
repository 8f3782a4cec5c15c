import { z } from "zod";

/** Which page, in a query. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1_000).optional().describe("Most items of a page. Default 100."),
  cursor: z.string().max(2_000).optional().describe("`next` of the page before."),
};

/** A page of a listing. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item).readonly(),
    next: z.string().optional().describe("`cursor` of the page after this one; absent on the last."),
  });
}

/** A query parameter that may be given several times. */
export function severalOf<Item extends z.ZodType>(item: Item) {
  return z.union([item.transform((one) => [one]), z.array(item)]).optional();
}

/** What was given of these fields: a contract's optional fields are absent, not `undefined`. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
