import {
  MAIN_PARTITION,
  type OffsetRange,
  type OffsetVector,
  offsetText,
  positionIn,
} from "@tidegate/core/offset";
import { BEGINNING, type OfflineJobRequest } from "@tidegate/core/operator";
import { offsetIn, offsetRangeOf } from "../bounds.js";
import { invalidJob } from "../parse-job.js";
import type { PositionFormat } from "./placeholder.js";

/** The least key of 64 bits: the beginning of a source that is read by one column. */
const LEAST_KEY = String(-(2n ** 63n));

/** The number by which Flink's connector, as Spark's, means the first offset that a partition still has. */
const EARLIEST_OFFSET = "-2";

const WHOLE = /^\d{1,19}$/;

/**
 * Returns the text of a bound that is a position.
 *
 * @param field - where its placeholder stands, for errors
 * @throws OperatorError JOB_INVALID if the positions have no such text
 */
export function positionText(
  bound: "lower" | "upper",
  format: PositionFormat,
  request: Pick<OfflineJobRequest, "boundaryType" | "lowerBound" | "upperBound">,
  field: string,
): string {
  const whole = offsetIn(bound === "lower" ? request.lowerBound : request.upperBound);
  if (format === "offset" && whole !== undefined) return String(whole);
  const range = offsetRangeOf(request);
  if (format === "offsets") return offsetText(range[bound]);
  if (format === "kafkaOffsets") return kafkaText(bound, range, field);
  if (bound === "lower" && request.lowerBound === BEGINNING) return LEAST_KEY;
  return singleText(range[bound], field);
}

function singleText(vector: OffsetVector, field: string): string {
  const position = positionIn(vector, MAIN_PARTITION);
  if (position === undefined || Object.keys(vector).length > 1)
    throw invalidJob(
      field,
      `the source has the partitions ${Object.keys(vector).join(", ") || "of no name"}, and only one that is read by a column has {{lower.offset}}`,
    );
  const whole = offsetIn(position);
  if (whole !== undefined) return String(whole);
  throw invalidJob(field, `the position ${JSON.stringify(position)} is no whole number`);
}

/**
 * All partitions of the upper bound, so that both bounds name the same ones: Flink would read one that only one of
 * them names from, or to, an offset of its own choice.
 */
function kafkaText(bound: "lower" | "upper", { lower, upper }: OffsetRange, field: string): string {
  const partitions = Object.keys(upper).sort((a, b) => Number(a) - Number(b));
  if (partitions.length === 0) throw invalidJob(field, "the range has no partitions");
  return partitions
    .map((partition) => {
      const position = bound === "upper" ? upper[partition] : positionIn(lower, partition);
      const offset = position ?? EARLIEST_OFFSET;
      if (WHOLE.test(partition) && (position === undefined || WHOLE.test(offset)))
        return `partition:${partition},offset:${offset}`;
      throw invalidJob(
        field,
        `${JSON.stringify({ [partition]: offset })} is no offset of a topic's partition`,
      );
    })
    .join(";");
}
