import type { Page, PageRequest } from "@tidegate/core";
import type { Printer } from "../output/printer.js";

const PAGE = 1_000;

/** Options that say how much of a listing is read. */
export interface PagesOptions {
  /** Most items. */
  readonly limit: number;
  /** Reads all of them. */
  readonly all?: boolean;
}

/** Yields all items of a listing, read page by page. */
export async function* everyItem<T>(read: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await read({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** Reads pages of a listing, and says if there is more. */
export async function pagesOf<T>(
  { limit, all = false }: PagesOptions,
  printer: Printer,
  read: (page: PageRequest) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const left = all ? PAGE : Math.min(PAGE, limit - items.length);
    const page = await read({ limit: left, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && (all || items.length < limit));
  if (cursor !== undefined) printer.note(`There are more than ${limit}: see --limit and --all.`);
  return items;
}
