import type { RebaseRequest } from "@tidegate/core";
import type { Command } from "commander";
import { CommandError } from "../exit-code.js";
import { groupArgument } from "../input/arguments.js";
import { requireInstant } from "../input/instant.js";
import { requireRange } from "../input/range.js";
import { intervalText } from "../output/time-text.js";
import { action } from "../session.js";

interface ReportOptions {
  readonly from: string;
  readonly to: string;
  /** Named otherwise than `--version`, which is the command's own. */
  readonly dataVersion?: string;
  readonly note?: string;
  readonly force?: boolean;
}

interface RebaseOptions {
  readonly startAt: string;
  readonly source?: string;
  readonly job?: string;
  readonly note?: string;
}

/** Adds the commands on what groups read: `report` and `rebase`. */
export function addSources(program: Command): void {
  program
    .command("report")
    .description("report that the data of a source group are complete for a range")
    .addArgument(groupArgument())
    .requiredOption("--from <instant>", "where the range begins, such as 2026-01-01T00:00:00Z or -1d")
    .requiredOption("--to <instant>", "where the range ends, exclusive")
    .option("--data-version <text>", "the version of the data; another one makes what was read stale")
    .option("--note <text>", "a note for people")
    .option("--force", "also where the time is sealed")
    .action(
      action(async ({ api, printer }, group: string, options: ReportOptions) => {
        const { dataVersion, note, force = false } = options;
        const receipt = await api.reportCoverage(group, {
          ...requireRange(options),
          ...(dataVersion === undefined ? {} : { version: dataVersion }),
          ...(note === undefined ? {} : { note }),
          force,
        });
        const lines = receipt.changed.map((interval) => `Reported: ${intervalText(interval)}`);
        await printer.result(
          receipt,
          lines.length === 0 ? "All of it was reported before." : lines.join("\n"),
        );
      }),
    );

  program
    .command("rebase")
    .description("have the source of a paused group of positions read from elsewhere, or another source")
    .addArgument(groupArgument())
    .requiredOption("--start-at <where>", "earliest, latest, an instant, or positions by partition as JSON")
    .option("--source <json>", "the source from then on (default: the one that it has)")
    .option("--job <json>", "the job from then on (default: the one that it has)")
    .option("--note <text>", "the reason, for people")
    .action(
      action(async ({ api, printer, confirm }, group: string, options: RebaseOptions) => {
        const { startAt, source, job, note } = options;
        const request = {
          startAt: startAtOf(startAt),
          ...(source === undefined ? {} : { source: objectOf(source, "--source") }),
          ...(job === undefined ? {} : { job: objectOf(job, "--job") }),
          ...(note === undefined ? {} : { note }),
        } as RebaseRequest;
        await confirm(`Rows between what ${group} has read and ${startAt} may be left out or read again.`);
        await printer.result(await api.rebase(group, request), `${group} is read from ${startAt} on.`);
      }),
    );
}

/** @throws CommandError if it is neither a name, nor positions, nor an instant */
function startAtOf(text: string): RebaseRequest["startAt"] {
  if (text === "earliest" || text === "latest") return text;
  if (!text.startsWith("{")) return { time: requireInstant(text, "--start-at") };
  return { offsets: objectOf(text, "--start-at") as Record<string, string> };
}

/** @throws CommandError if it is not an object in JSON */
function objectOf(text: string, option: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Refused below.
  }
  throw new CommandError(`${option}: must be an object in JSON.`);
}
