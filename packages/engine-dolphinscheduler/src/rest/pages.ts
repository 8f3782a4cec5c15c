import { allPages } from "@tidegate/engine-kit";
import type { DolphinRest, Fields } from "./dolphin-rest.js";

const PAGE = 100;

interface Page<Entry> {
  readonly totalList: readonly Entry[];
  readonly total: number;
}

/** Yields all entries of a listing, page by page. */
export function pages<Entry>(rest: DolphinRest, path: string, fields: Fields): AsyncGenerator<Entry> {
  return allPages(async ({ number }) => {
    const page = { ...fields, pageNo: number + 1, pageSize: PAGE };
    const { data } = await rest.request<Page<Entry>>("GET", path, page);
    return { entries: data.totalList, total: data.total };
  });
}
