import { readFile } from "node:fs/promises";
import type { CoverageReport, ImportedState, Interval, OffsetImport, RebaseRequest } from "@tidegate/core";
import type { Command } from "commander";
import { reportEffect } from "../dry-run/ledger.js";
import { rebaseEffect, resnapshotEffect } from "../dry-run/sources.js";
import { writing } from "../dry-run/writing.js";
import { CommandError } from "../exit-code.js";
import { groupArgument } from "../input/arguments.js";
import { requireInstant } from "../input/instant.js";
import { requireRange } from "../input/range.js";
import { intervalText } from "../output/time-text.js";

interface ReportOptions {
  readonly from: string;
  readonly to: string;
  /** Named otherwise than `--version`, which is the command's own. */
  readonly dataVersion?: string;
  readonly note?: string;
  readonly force?: boolean;
}

interface ImportOptions {
  readonly offsets?: string;
  readonly airbyte?: string;
  readonly singer?: string;
  readonly dlt?: string;
  readonly stream?: string;
  readonly note?: string;
}

interface SnapshotOptions {
  readonly swap?: boolean;
  readonly force?: boolean;
  readonly note?: string;
}

/** The fields of an import, by their options. */
const STATES = {
  offsets: "offsets",
  airbyte: "airbyteState",
  singer: "singerState",
  dlt: "dltState",
} as const;

interface RebaseOptions {
  readonly startAt: string;
  readonly source?: string;
  readonly job?: string;
  readonly note?: string;
}

/** Adds the commands on what groups read: `report`, `rebase`, `import-offsets` and `resnapshot`. */
export function addSources(program: Command): void {
  writing<[group: string, options: ReportOptions]>(
    program
      .command("report")
      .description("report that the data of a source group are complete for a range")
      .addArgument(groupArgument())
      .requiredOption("--from <instant>", "where the range begins, such as 2026-01-01T00:00:00Z or -1d")
      .requiredOption("--to <instant>", "where the range ends, exclusive")
      .option("--data-version <text>", "the version of the data; another one makes what was read stale")
      .option("--note <text>", "a note for people")
      .option("--force", "also where the time is sealed"),
    {
      foresee: async (api, group, options) => [await reportEffect(api, group, reportOf(options))],
      act: async ({ api, printer }, group, options) => {
        const receipt = await api.reportCoverage(group, reportOf(options));
        const lines = receipt.changed.map((interval) => `Reported: ${intervalText(interval)}`);
        await printer.result(
          receipt,
          lines.length === 0 ? "All of it was reported before." : lines.join("\n"),
        );
      },
    },
  );

  writing<[group: string, options: RebaseOptions]>(
    program
      .command("rebase")
      .description("have the source of a paused group of positions read from elsewhere, or another source")
      .addArgument(groupArgument())
      .requiredOption("--start-at <where>", "earliest, latest, an instant, or positions by partition as JSON")
      .option("--source <json>", "the source from then on (default: the one that it has)")
      .option("--job <json>", "the job from then on (default: the one that it has)")
      .option("--note <text>", "the reason, for people"),
    {
      foresee: async (api, group, options) => [
        await rebaseEffect(api, group, rebaseOf(options), options.startAt),
      ],
      act: async ({ api, printer, confirm }, group, options) => {
        const { startAt } = options;
        const request = rebaseOf(options);
        await confirm(`Rows between what ${group} has read and ${startAt} may be left out or read again.`);
        await printer.result(await api.rebase(group, request), `${group} is read from ${startAt} on.`);
      },
    },
  );

  writing<[group: string, options: ImportOptions]>(
    program
      .command("import-offsets")
      .description("read the source of a group from where another tool has left it")
      .addArgument(groupArgument())
      .option("--offsets <json-or-file>", "the first positions to read, by partition")
      .option("--airbyte <json-or-file>", "the state of Airbyte")
      .option("--singer <json-or-file>", "the state of a Singer tap")
      .option("--dlt <json-or-file>", "the state of a dlt pipeline")
      .option(
        "--stream <name>",
        "the stream of the state (default: that of the source's table, or the only one)",
      )
      .option("--note <text>", "the reason, for people"),
    {
      foresee: async (api, group, options) => {
        const request = await importOf(options);
        const where = "offsets" in request ? JSON.stringify(request.offsets) : "where that state ends";
        return [await rebaseEffect(api, group, request, where)];
      },
      act: async ({ api, printer, confirm }, group, options) => {
        const request = await importOf(options);
        await confirm(`Rows between what ${group} has read and that state may be left out or read again.`);
        const schedule = await api.importOffsets(group, request);
        const position = JSON.stringify(schedule.offsets?.position);
        await printer.result(schedule, `${group} is read from ${position} on.`);
      },
    },
  );

  writing<[group: string, options: SnapshotOptions]>(
    program
      .command("resnapshot")
      .description("make another full copy of a group; increments wait for it and continue where it ends")
      .addArgument(groupArgument())
      .option("--swap", "refuse unless the copy takes the place of the old one as a whole")
      .option("--force", "also where the time is sealed")
      .option("--note <text>", "the reason, for people"),
    {
      foresee: async (api, group, options) => [await resnapshotEffect(api, group, options)],
      act: async ({ api, printer, confirm }, group, { swap = false, force = false, note }) => {
        await confirm(`Everything that ${group} reads will be read and written again.`);
        const run = await api.resnapshot(group, { swap, force, ...(note === undefined ? {} : { note }) });
        await printer.result(run, `Run ${run.id} copies everything up to ${intervalText(run)}.`);
      },
    },
  );
}

function reportOf(options: ReportOptions): Interval & Pick<CoverageReport, "version" | "note" | "force"> {
  const { dataVersion, note, force = false } = options;
  return {
    ...requireRange(options),
    ...(dataVersion === undefined ? {} : { version: dataVersion }),
    ...(note === undefined ? {} : { note }),
    force,
  };
}

function rebaseOf({ startAt, source, job, note }: RebaseOptions): RebaseRequest {
  return {
    startAt: startAtOf(startAt),
    ...(source === undefined ? {} : { source: objectOf(source, "--source") }),
    ...(job === undefined ? {} : { job: objectOf(job, "--job") }),
    ...(note === undefined ? {} : { note }),
  } as RebaseRequest;
}

async function importOf(options: ImportOptions): Promise<OffsetImport> {
  const { stream, note } = options;
  return {
    ...(await stateOf(options)),
    ...(stream === undefined ? {} : { stream }),
    ...(note === undefined ? {} : { note }),
  } as OffsetImport;
}

/** Returns the state that an option has, with the field that it is for. @throws CommandError unless there is exactly one */
async function stateOf(options: ImportOptions): Promise<ImportedState> {
  const given = Object.entries(STATES).filter(
    ([option]) => options[option as keyof typeof STATES] !== undefined,
  );
  const [only] = given;
  if (only === undefined || given.length > 1)
    throw new CommandError("--offsets, --airbyte, --singer, --dlt: give exactly one of them.");
  const [option, field] = only;
  const text = options[option as keyof typeof STATES]!;
  const state = /^\s*[[{]/.test(text)
    ? text
    : await readFile(text, "utf8").catch((error: unknown) => {
        throw new CommandError(`--${option}: ${(error as Error).message}`);
      });
  return { [field]: jsonOf(state, `--${option}`) } as unknown as ImportedState;
}

/** @throws CommandError if it is neither a name, nor positions, nor an instant */
function startAtOf(text: string): RebaseRequest["startAt"] {
  if (text === "earliest" || text === "latest") return text;
  if (!text.startsWith("{")) return { time: requireInstant(text, "--start-at") };
  return { offsets: objectOf(text, "--start-at") as Record<string, string> };
}

/** @throws CommandError if it is not an object in JSON */
function objectOf(text: string, option: string): object {
  const value = jsonOf(text, option);
  if (!Array.isArray(value)) return value;
  throw new CommandError(`${option}: must be an object in JSON.`);
}

/** @throws CommandError if it is neither an object nor a list in JSON */
function jsonOf(text: string, option: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Refused below.
  }
  throw new CommandError(`${option}: must be an object in JSON.`);
}
