import { listValue } from "@duckdb/node-api";
import type { Interval } from "@tidegate/core";
import { identifier } from "../duckdb/quote.js";
import type { Session, Values } from "../duckdb/session.js";
import type { TimeUnit } from "../job/job.js";
import { areLinesMixed } from "./like-lines.js";
import { type Defect, type ReaderRejects, type Relation, ROW, type TextColumn } from "./relation.js";
import { type TimeTest, timeTest } from "./time-test.js";

/**
 * The column of `staged` that is null for good rows and holds the rejection of bad ones. It is JSON, since
 * the nulls of a STRUCT would take several times the space in each good row.
 */
export const REJECTION = "__tidegate_rejection";

const REJECTION_STRUCTURE = JSON.stringify({
  file: "VARCHAR",
  row: "BIGINT",
  reason: "VARCHAR",
  raw: "VARCHAR",
  is_timed: "BOOLEAN",
});

/** Selects no rows; stands for those whose columns are not known. */
export const NO_ROWS = "SELECT NULL::VARCHAR AS none LIMIT 0";

/** Selects the good rows of the table `staged`. */
export const GOOD_ROWS = `SELECT * EXCLUDE (${REJECTION}) FROM staged WHERE ${REJECTION} IS NULL`;

/**
 * Reads a source once and keeps what concerns the interval: good rows in the table `staged`; bad rows and
 * those without a readable time in the table `rejected (file, row, reason, raw, is_timed)`.
 *
 * Everything afterwards works on these tables, so a file that grows meanwhile cannot make the counts
 * disagree.
 */
export async function stageRelations(
  session: Session,
  relations: readonly Relation[],
  interval: Interval,
): Promise<void> {
  const staged: Relation[] = [];
  for (const relation of relations) {
    const into = staged.length === 0 ? "CREATE TEMP TABLE staged AS" : "INSERT INTO staged";
    staged.push(await stageRelation(session, relation, interval, into));
  }
  await collectRejected(session);
  for (const { readerRejects, time } of staged) {
    if (readerRejects === undefined) continue;
    const { sql, values } = readerRejectsOf(readerRejects, time?.unit, interval);
    await session.run(`INSERT INTO rejected ${sql}`, values);
  }
  await nameSources(session, staged);
}

/** Makes the tables of `stageRelations` for no rows. @param columns - those of the rows, if there were any */
export async function stageNothing(session: Session, columns: readonly TextColumn[]): Promise<void> {
  const list = [...columns, { name: REJECTION, type: "JSON" }].map(
    ({ name, type }) => `${identifier(name)} ${type}`,
  );
  await session.run(`CREATE TEMP TABLE staged (${list.join(", ")})`);
  await collectRejected(session);
}

async function collectRejected(session: Session): Promise<void> {
  await session.run(
    `CREATE TEMP TABLE rejected AS
    SELECT unnest(json_transform(${REJECTION}, $structure)) FROM staged WHERE ${REJECTION} IS NOT NULL`,
    {
      structure: REJECTION_STRUCTURE,
    },
  );
}

/**
 * Stages a relation or, if its line ends are mixed, its rewritten version. @returns the one that was staged
 */
async function stageRelation(
  session: Session,
  relation: Relation,
  interval: Interval,
  into: string,
): Promise<Relation> {
  const mended = await tryToStage(session, relation, interval, into);
  if (mended === undefined) return relation;
  const { sql, values } = stagingOf(mended, interval);
  await session.run(`${into} ${sql}`, values);
  return mended;
}

/** @returns what to stage instead, in which case nothing has been staged */
async function tryToStage(
  session: Session,
  relation: Relation,
  interval: Interval,
  into: string,
): Promise<Relation | undefined> {
  const { sql, values } = stagingOf(relation, interval);
  await session.run("BEGIN TRANSACTION");
  try {
    await session.run(`${into} ${sql}`, values);
    const mended = (await hasTornQuotes(session, relation)) ? await relation.withLikeLines?.() : undefined;
    await session.run(mended === undefined ? "COMMIT" : "ROLLBACK");
    return mended;
  } catch (error) {
    // A statement that failed for good may have ended the transaction itself.
    await session.run("ROLLBACK").catch(() => {});
    const mended = areLinesMixed(error) ? await relation.withLikeLines?.() : undefined;
    if (mended === undefined) throw error;
    return mended;
  }
}

/** After a quoted value, DuckDB's reader takes a line end of another kind for part of the value. */
async function hasTornQuotes(session: Session, { readerRejects }: Relation): Promise<boolean> {
  if (readerRejects === undefined) return false;
  const torn = await session.rows(
    `SELECT 1 FROM ${readerRejects.errors} WHERE error_type = 'UNQUOTED VALUE' LIMIT 1`,
  );
  return torn.length > 0;
}

/** Stands for the number of lines before a copy from whose middle lines are missing. */
const UNKNOWN_LINES = -1;

/** Replaces the names of copies in rejected rows with the original file names. */
async function nameSources(session: Session, relations: readonly Relation[]): Promise<void> {
  const copies = relations.flatMap(({ files }) => files.filter(({ path, name }) => path !== name));
  if (copies.length === 0) return;
  await session.run(
    `UPDATE rejected SET file = copy.name, "row" = "row" + nullif(copy.lines_before, ${UNKNOWN_LINES})
    FROM (SELECT unnest($paths) AS path, unnest($names) AS name, unnest($lines)::BIGINT AS lines_before) AS copy
    WHERE rejected.file = copy.path`,
    {
      paths: listValue(copies.map(({ path }) => path)),
      names: listValue(copies.map(({ name }) => name)),
      lines: listValue(copies.map(({ linesBefore = UNKNOWN_LINES }) => linesBefore)),
    },
  );
}

interface Query {
  readonly sql: string;
  readonly values: Values;
}

function stagingOf(relation: Relation, interval: Interval): Query {
  const { time, origin } = relation;
  const test = time === undefined ? undefined : timeTest(time, interval);
  const defects =
    test === undefined ? relation.defects : [timeDefect(test, time!.expression), ...relation.defects];
  const rejection = `json_object('file', ${origin.file}, 'row', ${origin.row}, 'reason', ${reasonOf(defects)}, \
'raw', ${origin.raw}, 'is_timed', ${test?.isReadable ?? "true"})`;
  const isBad = defects.length === 0 ? "false" : defects.map(({ condition }) => condition).join(" OR ");
  const concerned = `${relation.from} ${test === undefined ? "" : `WHERE ${test.isConcerned}`}`;
  const rows =
    relation.carried === undefined ? concerned : `(SELECT ${relation.carried} FROM ${concerned}) AS ${ROW}`;
  return {
    sql: `SELECT ${relation.columns}, CASE WHEN ${isBad} THEN ${rejection} END AS ${REJECTION} FROM ${rows}`,
    values: { ...relation.values, ...test?.values, ...(test === undefined ? {} : { no_time: NO_TIME }) },
  };
}

const NO_TIME = "the time cannot be read: ";

function timeDefect({ isReadable }: TimeTest, expression: string): Defect {
  return { condition: `NOT ${isReadable}`, reason: `$no_time || coalesce(${expression}::VARCHAR, 'null')` };
}

function reasonOf(defects: readonly Defect[]): string {
  if (defects.length === 0) return "NULL::VARCHAR";
  const reasons = defects.map(({ condition, reason }) => `CASE WHEN ${condition} THEN ${reason} END`);
  return `concat_ws('; ', ${reasons.join(", ")})`;
}

/**
 * Selects the lines that the reader could not split into columns. They too belong to their interval if their
 * time can be found.
 */
function readerRejectsOf(rejects: ReaderRejects, unit: TimeUnit | undefined, interval: Interval): Query {
  const line = `SELECT file_path, line, string_agg(DISTINCT error_message, '; ' ORDER BY error_message) AS reason, \
trim(any_value(csv_line), chr(10) || chr(13)) AS csv_line
    FROM ${rejects.errors} JOIN ${rejects.scans} USING (scan_id, file_id)
    GROUP BY file_path, line, line_byte_position`;
  if (unit === undefined) {
    return { sql: `SELECT file_path, line, reason, csv_line, true FROM (${line})`, values: {} };
  }
  const test = timeTest({ expression: "time_text", type: "VARCHAR", unit }, interval);
  return {
    sql: `SELECT file_path, line, reason, csv_line, ${test.isReadable}
      FROM (SELECT *, ${rejects.timeText} AS time_text FROM (${line}))
      WHERE ${test.isConcerned}`,
    values: { ...test.values, ...rejects.values },
  };
}
