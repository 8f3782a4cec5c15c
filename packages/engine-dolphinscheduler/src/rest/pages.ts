import type { DolphinRest, Fields } from "./dolphin-rest.js";

const PAGE = 100;

interface Page<Entry> {
  readonly totalList: readonly Entry[];
  readonly total: number;
}

/** All entries of a listing, page by page. */
export async function* pages<Entry>(rest: DolphinRest, path: string, fields: Fields): AsyncGenerator<Entry> {
  let seen = 0;
  for (let pageNo = 1; ; pageNo += 1) {
    const { data } = await rest.request<Page<Entry>>("GET", path, { ...fields, pageNo, pageSize: PAGE });
    yield* data.totalList;
    seen += data.totalList.length;
    if (data.totalList.length === 0 || seen >= data.total) return;
  }
}
