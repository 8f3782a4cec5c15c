import type { SourceInfo } from "@tidegate/core";
import type { Command } from "commander";
import { setSourceEffect } from "../dry-run/sources.js";
import { writing } from "../dry-run/writing.js";
import { groupArgument } from "../input/arguments.js";
import { requireDuration } from "../input/duration.js";
import { requireInstant } from "../input/instant.js";
import { labelsOf } from "../input/labels.js";

interface SourceOptions {
  readonly startTime?: string;
  readonly timezone?: string;
  readonly description?: string;
  readonly label?: readonly string[];
  readonly freshness?: string;
}

/** Adds `sources`. */
export function addSourceGroups(program: Command): void {
  const sources = program
    .command("sources")
    .description(
      "register groups whose data others report; see also report, and get schedules --status SOURCE",
    );

  writing<[group: string, options: SourceOptions]>(
    sources
      .command("set")
      .description(
        "register a source group, or change it; what is left out has its default, except the start",
      )
      .addArgument(groupArgument())
      .option("--start-time <instant>", "from when on its data are reported (default: now)")
      .option("--timezone <zone>", "the time zone of its days, such as Europe/Berlin (default: UTC)")
      .option("--description <text>", "a note for people")
      .option("--label <name=value...>", "labels to find it by")
      .option(
        "--freshness <duration>",
        "alert when it is covered no further than this behind now, such as 26h",
      ),
    {
      foresee: async (api, group, options) => [await setSourceEffect(api, infoOf(group, options))],
      act: async ({ api, printer }, group, options) => {
        const source = await api.registerSource(infoOf(group, options));
        await printer.result(source, `${group} is a source group; report what it covers.`);
      },
    },
  );
}

function infoOf(groupId: string, options: SourceOptions): SourceInfo {
  const { startTime, timezone, description, label, freshness } = options;
  return {
    groupId,
    ...(startTime === undefined ? {} : { startTime: requireInstant(startTime, "--start-time") }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(description === undefined ? {} : { description }),
    ...(label === undefined ? {} : { labels: labelsOf(label) }),
    ...(freshness === undefined
      ? {}
      : { freshness: { maxLagMs: requireDuration(freshness, "--freshness") } }),
  };
}
