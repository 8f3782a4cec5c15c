import type { ScheduleQuery } from "@tidegate/client";
import type { RunState, ScheduleStatus, ShownShardState } from "@tidegate/core";
import type { Command } from "commander";
import { groupArgument, wholeNumber } from "../input/arguments.js";
import { labelsOf } from "../input/labels.js";
import { type PagesOptions, pagesOf } from "../input/pages.js";
import {
  BACKFILLS,
  DEADLINES,
  LAGS,
  POOLS,
  RUNS,
  SHARDS,
  schedulesWith,
  VERSIONS,
} from "../output/columns.js";
import { action } from "../session.js";

/** Most groups whose lags are read at once. */
const MOST_LAGS = 1_000;

interface ScheduleOptions extends PagesOptions {
  readonly prefix?: string;
  readonly engine?: string;
  readonly status?: readonly ScheduleStatus[];
  readonly label?: readonly string[];
}

interface RunOptions extends PagesOptions {
  readonly group?: string;
  readonly state?: readonly RunState[];
  readonly backfill?: string;
  readonly oldestFirst?: boolean;
}

interface ShardOptions extends PagesOptions {
  readonly state?: readonly ShownShardState[];
}

/** Adds `get`, with a command for each kind of thing. */
export function addGet(program: Command): void {
  const get = program
    .command("get")
    .alias("list")
    .description("list schedules, lags, runs, shards, backfills, versions, deadlines or pools");

  paged(get.command("schedules"))
    .description("list schedules by group")
    .option("--prefix <text>", "only groups whose id begins with this")
    .option("--engine <type>", "only schedules on this engine")
    .option("--status <status...>", "only schedules in one of these states, such as PAUSED or DELETED")
    .option("--label <name=value...>", "only schedules with all of these labels")
    .action(
      action(async ({ api, printer }, options: ScheduleOptions) => {
        const filter = filterOf(options);
        const schedules = await pagesOf(options, printer, (page) => api.list(filter, page));
        const columns = printer.isForPeople ? schedulesWith(await api.lags({ limit: MOST_LAGS })) : [];
        await printer.list(schedules, columns);
      }),
    );

  paged(get.command("runs"))
    .description("list runs, newest first")
    .option("--group <id>", "only runs of this group")
    .option("--state <state...>", "only runs in one of these states, such as FAILED")
    .option("--backfill <id>", "only runs of this backfill")
    .option("--oldest-first", "oldest first")
    .action(
      action(async ({ api, printer }, options: RunOptions) => {
        const { group, state, backfill, oldestFirst } = options;
        const filter = {
          ...(group === undefined ? {} : { groupId: group }),
          ...(state === undefined ? {} : { states: state }),
          ...(backfill === undefined ? {} : { backfillId: backfill }),
          order: oldestFirst === true ? "ascending" : "descending",
        } as const;
        await printer.list(await pagesOf(options, printer, (page) => api.runs(filter, page)), RUNS);
      }),
    );

  paged(get.command("shards"))
    .description("list the shards of a run, in the order of its split")
    .argument("<run>", "id of the run")
    .option("--state <state...>", "only shards in one of these states, such as FAILED")
    .action(
      action(async ({ api, printer }, id: string, options: ShardOptions) => {
        const filter = options.state === undefined ? {} : { states: options.state };
        await printer.list(await pagesOf(options, printer, (page) => api.shards(id, filter, page)), SHARDS);
      }),
    );

  get
    .command("backfills")
    .description("list a group's backfills, newest first")
    .addArgument(groupArgument())
    .action(
      action(async ({ api, printer }, group: string) => {
        await printer.list((await api.describe(group)).backfills, BACKFILLS);
      }),
    );

  get
    .command("versions")
    .description("list the versions of a schedule, oldest first")
    .addArgument(groupArgument())
    .action(
      action(async ({ api, printer }, group: string) => {
        await printer.list(await api.versions(group), VERSIONS);
      }),
    );

  get
    .command("lags")
    .description("list groups whose planned time is not all covered, the longest lag first")
    .option("--limit <n>", "at most this many", wholeNumber(1, MOST_LAGS), 100)
    .action(
      action(async ({ api, printer }, { limit }: { readonly limit: number }) => {
        const { groups, isWhole } = await api.lags({ limit });
        await printer.list(groups, LAGS);
        if (!isWhole) printer.note("There are more: --limit shows up to 1,000.");
      }),
    );

  get
    .command("pools")
    .description("list pools by name, and how much of each is in use")
    .action(action(async ({ api, printer }) => printer.list(await api.listPools(), POOLS)));

  paged(get.command("deadlines"))
    .description("list deadlines that were not simply met, newest first")
    .option("--group <id>", "only deadlines of this group")
    .action(
      action(async ({ api, printer }, options: PagesOptions & { readonly group?: string }) => {
        const { group } = options;
        const filter = { ...(group === undefined ? {} : { groupId: group }), order: "descending" } as const;
        await printer.list(await pagesOf(options, printer, (page) => api.deadlines(filter, page)), DEADLINES);
      }),
    );
}

function paged(command: Command): Command {
  return command
    .option("--limit <n>", "at most this many", wholeNumber(1, 1_000_000), 100)
    .option("--all", "all of them");
}

function filterOf({ prefix, engine, status, label }: ScheduleOptions): ScheduleQuery {
  return {
    ...(prefix === undefined ? {} : { groupIdPrefix: prefix }),
    ...(engine === undefined ? {} : { engine }),
    ...(status === undefined ? {} : { statuses: status }),
    ...(label === undefined ? {} : { labels: labelsOf(label) }),
  };
}
