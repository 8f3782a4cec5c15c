import { readSizeText } from "@tidegate/client";
import type { Description } from "@tidegate/core";
import type { Command } from "commander";
import {
  type DeleteOptions,
  deleteEffect,
  moveEffect,
  pauseEffect,
  resumeEffect,
} from "../dry-run/schedules.js";
import { each, writing } from "../dry-run/writing.js";
import { groupArgument, groupsArgument, wholeNumber } from "../input/arguments.js";
import { INTERVALS, RUNS } from "../output/columns.js";
import { tableText } from "../output/table.js";
import { durationText, timeText } from "../output/time-text.js";
import { action } from "../session.js";
import { describeRun } from "./describe-run.js";

/** A person who previews wants to know how much would be read; the source is asked. */
const FIRST_READ = { firstRead: true };

interface NoteOptions {
  readonly note?: string;
}

interface MoveOptions {
  readonly engine: string;
}

/** Adds the commands of single schedules: `describe`, `preview`, `pause`, `resume`, `move` and `delete`. */
export function addSchedules(program: Command): void {
  program
    .command("describe")
    .description(
      "show a schedule: counts, what runs, what did not run and why, and what comes next; or a run and its shards",
    )
    .addArgument(groupArgument())
    .argument("[run]", "id of a run, if the group is the word `run`")
    .action(
      action(async (session, group: string, run?: string) => {
        const { api, printer } = session;
        if (run !== undefined) return describeRun(session, group, run);
        const description = await api.describe(group);
        if (printer.isForPeople) printer.text(descriptionText(description));
        else await printer.value(description);
      }),
    );

  program
    .command("preview")
    .description("show the intervals to come of a group, or of a schedule in a file")
    .argument("<group-or-file>", "id of a group, or a file such as orders.yaml")
    .option("--count <n>", "how many", wholeNumber(1, 10_000), 10)
    .action(
      action(async ({ api, printer }, subject: string, { count }: { readonly count: number }) => {
        const isFile = /\.(ya?ml|json)$|^-$/.test(subject);
        if (!isFile) return printPreview(printer, await api.preview(subject, count, FIRST_READ));
        const { readDefinitions } = await import("../input/definitions.js");
        for (const { info } of await readDefinitions([subject])) {
          await printPreview(printer, await api.preview(info, count, FIRST_READ));
        }
      }),
    );

  writing<[groups: string[], options: NoteOptions]>(
    program
      .command("pause")
      .description("stop planning and starting runs of groups; active ones finish")
      .addArgument(groupsArgument())
      .option("--note <text>", "the reason, for people"),
    {
      foresee: (api, groups, { note }) => each(groups, (group) => pauseEffect(api, group, note)),
      act: async ({ api, printer }, groups, { note }) => {
        for (const group of groups) {
          const schedule = await api.pause(group, note);
          await printer.result(schedule, `${group} is ${schedule.status}.`);
        }
      },
    },
  );

  writing<[groups: string[], options: object]>(
    program
      .command("resume")
      .description("resume planning of groups where it stopped")
      .addArgument(groupsArgument()),
    {
      foresee: (api, groups) => each(groups, (group) => resumeEffect(api, group)),
      act: async ({ api, printer, noteWaiting }, groups) => {
        for (const group of groups) {
          const schedule = await api.resume(group);
          await printer.result(schedule, `${group} is ${schedule.status}.`);
        }
        noteWaiting();
      },
    },
  );

  writing<[groups: string[], options: MoveOptions]>(
    program
      .command("move")
      .description("have another engine fire groups; nothing is left out and nothing runs twice")
      .addArgument(groupsArgument())
      .requiredOption("--engine <type>", "the engine that fires them from then on"),
    {
      foresee: (api, groups, { engine }) => each(groups, (group) => moveEffect(api, group, engine)),
      act: async ({ api, printer }, groups, { engine }) => {
        for (const group of groups) {
          const { spec, version } = await api.get(group);
          if (spec.engine === engine) {
            const unmoved = { groupId: group, from: engine, to: engine };
            await printer.result(unmoved, `${group} is on ${engine}.`);
            continue;
          }
          const moved = await api.update({ ...spec, engine }, { version });
          await printer.result(moved.schedule, `${group} moves from ${spec.engine} to ${engine}.`);
        }
      },
    },
  );

  writing<[groups: string[], options: DeleteOptions]>(
    program
      .command("delete")
      .description("end schedules; their ledgers are kept")
      .addArgument(groupsArgument())
      .option("--purge", "also delete the ledgers, permanently")
      .option("--force", "also if other groups depend on them; their runs wait then"),
    {
      foresee: (api, groups, options) => each(groups, (group) => deleteEffect(api, group, options)),
      act: async ({ api, printer, confirm }, groups, { purge = false, force = false }) => {
        if (purge) await confirm(`The ledgers of ${groups.join(", ")} will be deleted permanently.`);
        for (const group of groups) {
          await api.unregister(group, { purge, force });
          const outcome = purge ? "purged" : "DELETED";
          await printer.result({ groupId: group, isPurged: purge }, `${group} is ${outcome}.`);
        }
      },
    },
  );
}

async function printPreview(
  printer: Parameters<Parameters<typeof action>[0]>[0]["printer"],
  preview: Description["next"],
): Promise<void> {
  if (!printer.isForPeople) return printer.value(preview);
  await printer.list(preview.intervals, INTERVALS);
  if (preview.firstRead !== undefined) printer.note(firstReadText(preview.firstRead));
  for (const note of preview.notes) printer.note(note);
}

function descriptionText({
  schedule,
  notes,
  counts,
  active,
  notRun,
  next,
  coveredThrough,
  sealedThrough,
}: Description): string {
  const { spec, status, statusReason, unreadable, version, nextFireAt, watermark } = schedule;
  const states = Object.entries(counts.byState).filter(([, count]) => count > 0);
  const facts = [
    ["Group", spec.groupId],
    ["Status", `${status}${statusReason === null ? "" : `: ${statusReason}`}`],
    ...(unreadable === null ? [] : [["Unreadable", unreadable]]),
    ["Description", spec.description],
    ["Version", String(version)],
    ["Trigger", `${JSON.stringify(spec.trigger)} ${spec.timezone}`],
    ["Engine", spec.engine],
    ["Operator", spec.operator],
    ["Next fire", timeText(nextFireAt)],
    ["Planned to", timeText(watermark)],
    ["Covered to", timeText(coveredThrough)],
    ...positionFacts(schedule),
    ...(sealedThrough === null ? [] : [["Sealed to", timeText(sealedThrough)]]),
    ["Runs", states.map(([state, count]) => `${count} ${state}`).join(", ") || "none"],
    ["Late", String(counts.late)],
  ].filter(([, value]) => value !== "");
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["Notes", notes],
    ["Active", active.length === 0 ? [] : [tableText(RUNS, active)]],
    ["Not run", notRun.length === 0 ? [] : [tableText(RUNS, notRun)]],
    ["Next", next.intervals.length === 0 ? [] : [tableText(INTERVALS, next.intervals), ...next.notes]],
  ];
  return [
    ...facts.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`),
    ...sections.flatMap(([name, lines]) => (lines.length === 0 ? [] : ["", `${name}:`, ...lines])),
  ].join("\n");
}

/** Most partitions that are shown; the others are counted. */
const SHOWN_PARTITIONS = 5;

function positionFacts({ offsets }: Description["schedule"]): [string, string][] {
  if (offsets === null) return [];
  const all = Object.entries(offsets.position);
  const shown = all.slice(0, SHOWN_PARTITIONS).map(([partition, position]) => {
    const end = offsets.latest[partition];
    return `${partition}: ${position}${end === undefined || end === position ? "" : ` of ${end}`}`;
  });
  const rest = all.length - shown.length;
  const { emptyTicks = 0, headroomMs } = offsets;
  return [
    ["Read to", `${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`],
    ...(emptyTicks === 0 ? [] : [factOf("No data", `the last ${emptyTicks} looks found nothing`)]),
    ...(headroomMs === undefined ? [] : [factOf("Readable for", durationText(headroomMs))]),
  ];
}

function factOf(name: string, value: string): [string, string] {
  return [name, value];
}

function firstReadText(read: NonNullable<Description["next"]["firstRead"]>): string {
  const { lower, upper } = read;
  const size = readSizeText(read);
  return `The next run would read ${size === undefined ? "" : `${size}, `}from ${JSON.stringify(lower)} to ${JSON.stringify(upper)}.`;
}
