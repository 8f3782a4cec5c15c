import {
  MAIN_PARTITION,
  type OffsetBounds,
  type OffsetBoundsContext,
  type OffsetRange,
} from "@tidegate/core/offset";
import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { type DefinedProvider, defineProvider } from "../kit/define-provider.js";
import { chosenPlace, placeName, placeOf, placesOf, unknownPlace } from "../kit/named.js";
import { wrong } from "../kit/source-errors.js";
import { compareNames, type Folder, type FolderFile, folderAt } from "./folder.js";

/** Options of `filePositions`. */
export interface FilePositionsOptions {
  /** Directories by the names that schedules use: paths begin there, and none reaches out of it. */
  readonly roots: Readonly<Record<string, string>>;
}

const optionsSchema = z.strictObject({ roots: placesOf(z.string().min(1)) });

const sourceSchema = z.strictObject({
  root: placeName.optional(),
  path: z
    .string()
    .min(1)
    .max(1_000)
    .refine(
      (path) => !/^[\\/]|^[A-Za-z]:|\0/.test(path) && !path.split(/[\\/]/).includes(".."),
      "must be relative to the root, without ..",
    ),
  pattern: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^[^/]*$/, "must be a pattern of names, without /")
    .default("*"),
  stableForMs: z.number().int().min(1_000).max(86_400_000),
});

type Source = z.output<typeof sourceSchema>;

/** The first character that a name may have: nothing comes between a name and the name with it behind. */
const LEAST = " ";

/**
 * Returns the provider `files`: a folder grows by files whose names ascend, such as
 * `2026-01-01T00.parquet`, in one partition. Positions compare as the UTF-8 bytes of names do. A schedule's source:
 *
 * - `root`: its name in the options. Default: the only one;
 * - `path`: the folder, below the root; folders in it are not looked at;
 * - `pattern`: a glob pattern of the files' names. Default: `*`, without names that begin with a dot;
 * - `stableForMs`: how long a file must not have changed, ms, a second to a day. A younger one, and all behind it, are
 *   left for later.
 *
 * A file that appears or changes below what was read is an error, as long as it is there.
 *
 * ```ts
 * createTidegate({ store, engines, operators, offsetProviders: [filePositions({ roots: { lake: "/data" } })] });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function filePositions(options: FilePositionsOptions): DefinedProvider {
  const { roots } = parseOptions("FilePositionsOptions", optionsSchema, options);
  const look = ({ root, path, pattern }: Source, signal: AbortSignal): Promise<Folder> =>
    folderAt({ root: placeOf(roots, root)!, path, pattern }, signal);
  return defineProvider<Source>({
    type: "files",
    sourceSchema: (sourceSchema as unknown as z.ZodType<Source>).refine(
      ({ root }) => placeOf(roots, root) !== undefined,
      unknownPlace("root", roots),
    ),
    dataOf: ({ root, path, pattern }) => ({ root: chosenPlace(roots, root), path, pattern }),
    notesOn: () => ["A file that is deleted before it was read is not noticed."],
    compare: (_, a, b) => compareNames(a, b),
    bounds: async (source, context) => boundsOf(source, await look(source, context.signal), context),
    at: async (source, instant, context) => {
      const folder = await look(source, context.signal);
      const { latest } = boundsOf(source, folder, context);
      const first = folder.files.find(({ changedAt }) => changedAt >= instant);
      return first === undefined || compareNames(first.name, latest[MAIN_PARTITION]!) > 0
        ? latest
        : { [MAIN_PARTITION]: first.name };
    },
    cut: async (source, range, limit, { signal }) => {
      const files = within((await look(source, signal)).files, range);
      let bytes = 0;
      const end = files.findIndex((file, index) => {
        bytes += file.bytes;
        return index > 0 && (index >= (limit.records ?? Infinity) || bytes > (limit.bytes ?? Infinity));
      });
      return end < 0 ? range.upper : { [MAIN_PARTITION]: files[end]!.name };
    },
    size: async (source, range, { signal }) => {
      const files = within((await look(source, signal)).files, range);
      return { records: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
    },
  });
}

function boundsOf(source: Source, { identity, files }: Folder, context: OffsetBoundsContext): OffsetBounds {
  const { path, stableForMs } = source;
  const { now } = context;
  const read = context.read?.incarnation === identity ? context.read : undefined;
  const upTo = read?.upTo[MAIN_PARTITION] ?? "";
  const late = files.find(
    ({ name, changedAt }) => compareNames(name, upTo) < 0 && changedAt > read!.at - stableForMs,
  );
  if (late !== undefined) throw wrong(lateText(path, late));
  const young = files.find(({ changedAt }) => changedAt > now - stableForMs);
  const last = files.at(-1);
  const end = young?.name ?? (last === undefined ? "" : last.name + LEAST);
  // What was read may be gone, such as moved to an archive.
  const latest = compareNames(end, upTo) < 0 ? upTo : end;
  return {
    earliest: { [MAIN_PARTITION]: "" },
    latest: { [MAIN_PARTITION]: latest },
    incarnation: identity,
    at: now,
  };
}

function lateText(path: string, { name, changedAt }: FolderFile): string {
  return `The file ${path}/${name} appeared or changed at ${new Date(changedAt).toISOString()}, behind files that had been read: move it to a name that comes after them, or take it away.`;
}

function within(files: readonly FolderFile[], { lower, upper }: OffsetRange): readonly FolderFile[] {
  const [from, to] = [lower[MAIN_PARTITION] ?? "", upper[MAIN_PARTITION] ?? ""];
  return files.filter(({ name }) => compareNames(name, from) >= 0 && compareNames(name, to) < 0);
}
