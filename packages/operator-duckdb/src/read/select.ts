import { JobFailure } from "../duckdb/failure.js";
import type { Session, Values } from "../duckdb/session.js";
import type { Window } from "../job/window.js";
import type { Preparation } from "../prepare/preparation.js";
import { toTimestamp } from "./time-test.js";

/**
 * Runs a job's SELECT into the table `staged`, with the bounds bound to the parameters that it names.
 *
 * @throws JobFailure JOB_INVALID if the text is not one SELECT, names other parameters, or would read the
 * same rows for every interval
 */
export async function stageSelect(
  session: Session,
  sql: string,
  window: Window,
  preparation: Preparation,
): Promise<void> {
  const parameters = await session.parametersOfSelect(sql);
  if (parameters === undefined) throw invalidSql("must be exactly one SELECT");
  const bounds = boundsOf(window);
  const unknown = parameters.find((name) => !Object.hasOwn(bounds, name.toLowerCase()));
  if (unknown !== undefined) {
    throw invalidSql(
      `names the parameter $${unknown}; there are ${Object.keys(bounds)
        .map((name) => `$${name}`)
        .join(", ")}`,
    );
  }
  const named = new Set(parameters.map((name) => name.toLowerCase()));
  const isBounded = (bound: string) => named.has(bound) || named.has(`${bound}_ms`);
  if (!window.isFull && !(isBounded("lower") && isBounded("upper"))) {
    throw invalidSql(
      "must limit its rows by $lower and $upper; otherwise every interval would hold all of them",
    );
  }
  await verifyCompressedFiles(session, sql, preparation);
  const values = Object.fromEntries(parameters.map((name) => [name, bounds[name.toLowerCase()]!]));
  await session.run(`CREATE TEMP TABLE staged AS ${sql}`, values);
}

/** Strings in single quotes and names in double quotes. */
const QUOTED = /'((?:[^']|'')*)'|"((?:[^"]|"")*)"/g;
const COMPRESSED = /\.(?:gz|zst)$/i;

/** DuckDB reads a compressed file that ends too early as if it were complete. */
async function verifyCompressedFiles(session: Session, sql: string, preparation: Preparation): Promise<void> {
  const texts = [...sql.matchAll(QUOTED)].map(
    ([, text, name]) => text?.replaceAll("''", "'") ?? name?.replaceAll('""', '"') ?? "",
  );
  for (const path of new Set(texts.filter((text) => COMPRESSED.test(text)))) {
    const files = await session.rows<{ file: string }>("SELECT file FROM glob($path)", { path });
    for (const { file } of files) await preparation.verify(file);
  }
}

function boundsOf({ lower, upper }: Window): Values {
  return {
    lower: toTimestamp(lower),
    upper: toTimestamp(upper),
    lower_ms: BigInt(lower),
    upper_ms: BigInt(upper),
  };
}

function invalidSql(problem: string): JobFailure {
  return new JobFailure("JOB_INVALID", `job.sql: ${problem}.`, { isRetryable: false });
}
