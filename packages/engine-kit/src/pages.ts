/** One page of a scheduler's listing, and the total number of entries. */
export interface PageOf<Entry> {
  readonly entries: readonly Entry[];
  readonly total: number;
}

/**
 * Yields the entries of a listing, page by page, until all of its `total` are read or a page is empty.
 *
 * @param read - reads the page with this number, from 0, which begins at this offset
 */
export async function* allPages<Entry>(
  read: (page: { readonly number: number; readonly offset: number }) => Promise<PageOf<Entry>>,
): AsyncGenerator<Entry> {
  let offset = 0;
  for (let number = 0; ; number += 1) {
    const { entries, total } = await read({ number, offset });
    yield* entries;
    offset += entries.length;
    if (entries.length === 0 || offset >= total) return;
  }
}
