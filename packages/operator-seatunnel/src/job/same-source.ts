import type { JsonValue } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import { invalidJob } from "@tidegate/operator-kit";
import type { SeaTunnelJob } from "./job.js";
import { boundsIn, textsIn } from "./template.js";

/**
 * Checks that a job reads by positions, as far as its texts show: it names both, and the source's table and column.
 *
 * @throws OperatorError JOB_INVALID with the offending field
 */
export function requireSameSource(job: SeaTunnelJob, source: OffsetSource): void {
  refuseTopic(job, source);
  const reading: JsonValue = [...job.source, ...(job.transform ?? [])];
  for (const bound of ["lower", "upper"] as const) {
    const isNamed = boundsIn(reading).some((each) => each.bound === bound && each.format === "offset");
    if (!isNamed)
      throw invalidJob(
        "job.source",
        `neither a source nor a transform names {{${bound}.offset}}, so the positions of a run would not be what it reads`,
      );
  }
  const texts = textsIn(reading);
  for (const field of ["table", "column"] as const) {
    const name = source[field];
    if (typeof name !== "string" || texts.some((text) => hasName(text, name.split(".").at(-1)!))) continue;
    throw invalidJob(
      "job.source",
      `neither a source nor a transform names ${JSON.stringify(name)}, but the positions are those of source.${field}`,
    );
  }
}

/** SeaTunnel reads a topic up to its end as it is when the job starts. */
function refuseTopic({ source }: SeaTunnelJob, { type }: OffsetSource): void {
  const index = source.findIndex(({ plugin_name: name }) => name.toLowerCase() === "kafka");
  if (index < 0 && type !== "kafka") return;
  throw invalidJob(
    index < 0 ? "job.source" : `job.source.${index}`,
    "SeaTunnel's Kafka source cannot end at an offset, so a run would also read what belongs to the next ones: use the operator flink for positions of a topic",
  );
}

/** Returns whether a text has a name by itself, whatever quotes it. */
function hasName(text: string, name: string): boolean {
  const at = text.toLowerCase().split(name.toLowerCase());
  return at.some((before, index) => {
    const after = at[index + 1];
    return after !== undefined && !/[\p{L}\p{N}_]$/u.test(before) && !/^[\p{L}\p{N}_]/u.test(after);
  });
}
