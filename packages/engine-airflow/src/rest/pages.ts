import { allPages } from "@tidegate/engine-kit";
import type { AirflowRest } from "./airflow-rest.js";

/** The largest page that Airflow returns by default. */
const PAGE = 100;

/** Yields all entries of a listing, page by page. @param field - the answer's field with the entries */
export function pages<Entry>(
  rest: AirflowRest,
  path: string,
  field: string,
  query: Readonly<Record<string, string | number | boolean>>,
): AsyncGenerator<Entry> {
  return allPages(async ({ offset }) => {
    const { body } = await rest.request<Record<string, unknown>>("GET", path, {
      query: { ...query, limit: PAGE, offset },
    });
    return { entries: (body[field] ?? []) as Entry[], total: Number(body.total_entries) };
  });
}
