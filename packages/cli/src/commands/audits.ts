import type { AuditReport, LateTime } from "@tidegate/core";
import type { Command } from "commander";
import { counted } from "../dry-run/effect.js";
import { sealEffect } from "../dry-run/ledger.js";
import { writing } from "../dry-run/writing.js";
import { CommandError, EXIT_CODES } from "../exit-code.js";
import { groupArgument, groupsArgument } from "../input/arguments.js";
import { requireDuration } from "../input/duration.js";
import { requireInstant } from "../input/instant.js";
import { pagesOf } from "../input/pages.js";
import { requireRange } from "../input/range.js";
import { AUDITS, LATE_DATA, STALE } from "../output/columns.js";
import { intervalText, timeText } from "../output/time-text.js";
import { action } from "../session.js";

interface AuditOptions {
  readonly all?: boolean;
  readonly from?: string;
  readonly to?: string;
}

interface SealOptions {
  readonly until: string;
  readonly note?: string;
  readonly force?: boolean;
}

interface CoverageOptions {
  readonly from: string;
  readonly to: string;
  readonly wait?: string;
}

/** Adds the commands on what is covered: `audit`, `coverage`, `stale`, `late-data` and `seal`. */
export function addAudits(program: Command): void {
  program
    .command("audit")
    .description("account for every millisecond of groups; exit code 6 unless all of it has succeeded")
    .addArgument(groupsArgument(false))
    .option("--all", "all groups")
    .option("--from <instant>", "only from here on (default: the ledger's beginning)")
    .option("--to <instant>", "only up to here, exclusive (default: what has been planned)")
    .action(
      action(async ({ api, printer }, named: string[], { all = false, from, to }: AuditOptions) => {
        if (all === named.length > 0) throw new CommandError("audit: give ids of groups, or --all.");
        const within = from === undefined && to === undefined ? undefined : requireRange({ from, to });
        const groups = all
          ? (await pagesOf({ limit: 0, all }, printer, (page) => api.list({}, page))).map(
              ({ spec }) => spec.groupId,
            )
          : named;
        const reports: AuditReport[] = [];
        for (const group of groups) reports.push(await api.audit(group, within));
        await printer.list(reports, AUDITS);
        for (const report of reports) for (const line of findingsOf(report)) printer.note(line);
        if (!reports.every(({ isComplete }) => isComplete)) process.exitCode = EXIT_CODES.negative;
      }),
    );

  program
    .command("coverage")
    .description("say whether a group covers a range; exit code 6 if not")
    .addArgument(groupArgument())
    .requiredOption("--from <instant>", "where the range begins, such as 2026-01-01T00:00:00Z or -1d")
    .requiredOption("--to <instant>", "where the range ends, exclusive")
    .option("--wait <duration>", "how long to wait for it, at most 60s")
    .action(
      action(async ({ api, printer }, group: string, { from, to, wait }: CoverageOptions) => {
        const waitMs = wait === undefined ? 0 : requireDuration(wait, "--wait");
        const answer = await api.coverage(group, requireRange({ from, to }), { waitMs });
        const { isCovered, missing } = answer;
        const lines = missing.map((interval) => `Missing: ${intervalText(interval)}`);
        await printer.result(answer, isCovered ? "All of it is covered." : lines.join("\n"));
        if (!isCovered) process.exitCode = EXIT_CODES.negative;
      }),
    );

  program
    .command("stale")
    .description("list runs that have read other data than there are now; exit code 6 if there are any")
    .addArgument(groupsArgument(false))
    .action(
      action(async ({ api, printer }, groups: string[]) => {
        const found =
          groups.length === 0
            ? await api.stale()
            : (await Promise.all(groups.map((group) => api.stale(group)))).flat();
        await printer.list(found, STALE);
        if (found.length > 0) process.exitCode = EXIT_CODES.negative;
      }),
    );

  program
    .command("late-data")
    .description("list time for which rows came after it had been covered, as jobs have reported it")
    .addArgument(groupsArgument(false))
    .action(
      action(async ({ api, printer }, groups: string[]) => {
        const filters = groups.length === 0 ? [{}] : groups.map((groupId) => ({ groupId }));
        const found: LateTime[] = [];
        for (const filter of filters)
          found.push(
            ...(await pagesOf({ limit: 0, all: true }, printer, (page) => api.lateData(filter, page))),
          );
        await printer.list(found, LATE_DATA);
      }),
    );

  writing<[group: string, options: SealOptions]>(
    program
      .command("seal")
      .description("close a group's time up to an instant: it is written again with --force only")
      .addArgument(groupArgument())
      .requiredOption(
        "--until <instant>",
        "where the sealed time ends, exclusive; all before it must be covered",
      )
      .option("--note <text>", "the reason, for people")
      .option("--force", "also move a seal back, which opens time again"),
    {
      foresee: async (api, group, { until, ...options }) => [
        await sealEffect(api, group, { ...options, through: requireInstant(until, "--until") }),
      ],
      act: async ({ api, printer }, group, { until, note, force = false }) => {
        const sealed = await api.seal(group, requireInstant(until, "--until"), note, { force });
        await printer.result(sealed, `${group} is sealed up to ${timeText(sealed.through)}.`);
      },
    },
  );
}

function findingsOf({ groupId, gaps, overlaps, doubtful, owed, snapshots }: AuditReport): string[] {
  const line = (what: string) => (interval: { readonly lower: number; readonly upper: number }) =>
    `${groupId}: ${what} ${intervalText(interval)}`;
  return [
    ...gaps.map(line("gap")),
    ...overlaps.map(line("overlap")),
    ...doubtful.map(line("doubtful")),
    ...(owed === null ? [] : [line("owed, not planned yet:")(owed)]),
    ...snapshots.flatMap(({ drift, upTo }) =>
      drift == null
        ? []
        : [
            `${groupId}: full copy up to ${timeText(upTo)}: ${counted(drift.rowsCopied, "row")}; before it, ${counted(drift.rowsBefore, "row")} were written`,
          ],
    ),
  ];
}
