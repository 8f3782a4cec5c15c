import type { OffsetSource } from "@tidegate/core/offset";
import {
  type BoundPlaceholder,
  invalidJob,
  isBound,
  isPositionFormat,
  namesIn,
  placeholderOf,
} from "@tidegate/operator-kit";
import type { Work } from "../run/task.js";
import { boundsIn } from "../sql/bind.js";
import type { Connectors } from "../sync/connector.js";
import { readingOf } from "../sync/write-sql.js";

/** Sources whose positions are keys of a single partition. */
const SINGLE: readonly string[] = ["sql-cursor", "postgres"];

/**
 * Checks that a job reads by positions, and a copy reads the schedule's source. What SQL and programs read cannot be
 * told: they must name both positions.
 *
 * @throws OperatorError JOB_INVALID with the offending field
 */
export function requireSameSource(work: Work, source: OffsetSource, connectors: Connectors): void {
  if (work.kind === "materializedTable")
    throw invalidJob("job.materializedTable", "is refreshed by time, and reads no positions");
  if (work.kind === "jar") {
    const bounds = (work.job.programArgs ?? []).flatMap(namesIn).map(placeholderOf).filter(isBound);
    requirePositions("job.jar.programArgs", bounds, source);
  } else if (work.copy === undefined)
    requirePositions("job.sql.statement", boundsIn(work.job.statement), source);
  else readingOf(work.copy, connectors, { boundaryType: "OFFSET", planned: source });
}

function requirePositions(field: string, bounds: readonly BoundPlaceholder[], { type }: OffsetSource): void {
  const positions = bounds.filter(({ format }) => isPositionFormat(format));
  for (const bound of ["lower", "upper"] as const) {
    if (positions.some((each) => each.bound === bound)) continue;
    const format = type === "kafka" ? "kafkaOffsets" : "offset";
    throw invalidJob(field, `must name the positions to read, such as {{${bound}.${format}}}`);
  }
  const wrong = positions.find(
    ({ format }) =>
      (format === "offset" && type === "kafka") || (format === "kafkaOffsets" && SINGLE.includes(type)),
  );
  if (wrong === undefined) return;
  const { bound, format } = wrong;
  throw invalidJob(field, `{{${bound}.${format}}} has no value for a source of type ${JSON.stringify(type)}`);
}
