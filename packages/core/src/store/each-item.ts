import type { Page, PageRequest } from "./page.js";

const PAGE = 1_000;

/**
 * Yields the items of a listing, read page by page.
 *
 * @param list - reads one page
 */
export async function* eachItem<T>(list: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await list({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
