import { parseOptions } from "@tidegate/core/plugin";
import type { ProbeAnswer, ReadinessProbe } from "@tidegate/core/probe";
import { z } from "zod";
import { defineProbe, type ProbeCall } from "../kit/define-probe.js";
import { filled, template } from "../kit/template.js";
import { filesIn } from "./files-in.js";

/** Options of `fileProbe`. */
export interface FileProbeOptions {
  /** The directory in which paths begin; no schedule reaches out of it. */
  readonly root: string;
}

const optionsSchema = z.strictObject({ root: z.string().min(1) });

/** Returns whether a path stays below where it begins. */
const isBelow = (path: string): boolean =>
  !/^[\\/]|^[A-Za-z]:|\0/.test(path) && !path.split(/[\\/]/).includes("..");

const below = "must be relative to the probe's root, without ..";

const specSchema = z.strictObject({
  path: template.refine(isBelow, below),
  file: template.refine(isBelow, below).default("_SUCCESS"),
  minFiles: z.number().int().min(1).max(1_000_000).default(1),
  stableForMs: z.number().int().min(0).max(86_400_000).default(0),
});

type Spec = z.output<typeof specSchema>;

/**
 * Returns the probe `file`: a directory has the file that says that its data is complete, or enough data files
 * that nobody is writing any more. An entry of `ready`:
 *
 * - `path`: the directory, below the root, with placeholders of the interval: `orders/{{lower.date}}`;
 * - `file`: the file in it, or a glob pattern such as `*.parquet`, with `/` if it is about directories below. Default: `_SUCCESS`;
 * - `minFiles`: how many files must match, 1 to 1,000,000. Default: 1;
 * - `stableForMs`: how long none of them may have changed, ms, up to a day. Default: 0.
 *
 * ```ts
 * createTidegate({ store, engines, operators, probes: [fileProbe({ root: "/data" })] });
 * await client.ensure({ groupId: "orders", trigger, ready: [{ type: "file", path: "orders/{{lower.date}}" }] });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function fileProbe(options: FileProbeOptions): ReadinessProbe {
  const { root } = parseOptions("FileProbeOptions", optionsSchema, options);
  return defineProbe<Spec>({
    type: "file",
    specSchema: specSchema as z.ZodType<Spec>,
    check: async (call, { now, signal }) => {
      const directory = filled(call.spec.path, call);
      const pattern = filled(call.spec.file, call);
      const files = await filesIn({ root, directory, pattern }, signal);
      return judged(call, { directory, pattern, changedAt: files?.map(({ changedAt }) => changedAt) }, now);
    },
  });
}

interface Found {
  readonly directory: string;
  readonly pattern: string;
  /** When each file changed last, epoch ms; `undefined` if there is no such directory. */
  readonly changedAt: readonly number[] | undefined;
}

/** Judges the files of a directory. Pure. */
export function judged(
  { spec: { minFiles, stableForMs } }: Pick<ProbeCall<Spec>, "spec">,
  { directory, pattern, changedAt }: Found,
  now: number,
): ProbeAnswer {
  if (changedAt === undefined) return { isReady: false, detail: `there is no ${directory}` };
  const count = changedAt.length;
  if (count < minFiles) {
    const detail =
      minFiles === 1
        ? `there is no ${directory}/${pattern}`
        : `${directory} has ${count} of ${minFiles} files ${pattern}`;
    return { isReady: false, detail };
  }
  const stableAt = changedAt.reduce((newest, at) => Math.max(newest, at)) + stableForMs;
  if (stableForMs > 0 && stableAt > now) {
    const detail = `a file of ${directory} changed less than ${stableForMs} ms ago`;
    return { isReady: false, detail, retryAfterMs: Math.ceil(stableAt - now) };
  }
  return { isReady: true, detail: `${directory} has ${count} of ${minFiles} files ${pattern}` };
}
