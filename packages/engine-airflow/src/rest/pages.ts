import type { AirflowRest } from "./airflow-rest.js";

/** The largest page that Airflow gives unless it is configured otherwise. */
const PAGE = 100;

/** All entries of a listing, page by page. @param field - where the entries are in the answer */
export async function* pages<Entry>(
  rest: AirflowRest,
  path: string,
  field: string,
  query: Readonly<Record<string, string | number | boolean>>,
): AsyncGenerator<Entry> {
  let offset = 0;
  while (true) {
    const { body } = await rest.request<Record<string, unknown>>("GET", path, {
      query: { ...query, limit: PAGE, offset },
    });
    const entries = (body[field] ?? []) as Entry[];
    yield* entries;
    offset += entries.length;
    if (entries.length === 0 || offset >= Number(body.total_entries)) return;
  }
}
