import type { Interval, RetryOptions } from "@tidegate/core";
import type { Command } from "commander";
import { CommandError } from "../exit-code.js";
import { groupArgument } from "../input/arguments.js";
import { requireRange } from "../input/range.js";
import { requireManager, type WaitFor, waitForRuns, waitOption } from "../input/wait.js";
import { RUNS } from "../output/columns.js";
import { action, type Session } from "../session.js";

/** More runs than this are confirmed. */
export const MOST_UNCONFIRMED = 100;

interface RangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly wait?: WaitFor;
}

interface RetryChoice {
  readonly group?: string;
  readonly latest?: boolean;
  readonly resplit?: boolean;
  readonly wait?: WaitFor;
}

/** Adds the commands of single runs: `trigger`, `explain`, `mark-ready`, `retry` and `cancel`. */
export function addRuns(program: Command): void {
  program
    .command("trigger")
    .description(
      "run a group now: what is owed, or else the last interval again, or all intervals of a range",
    )
    .addArgument(groupArgument())
    .option("--from <instant>", "where the range begins, such as 2026-01-01T00:00:00Z or -2d")
    .option("--to <instant>", "where the range ends, exclusive")
    .option("--force", "also time that is sealed")
    .addOption(waitOption())
    .action(
      action(async (session, group: string, { from, to, force = false, wait }: RangeOptions) => {
        const { api, printer, noteWaiting } = session;
        const range = from === undefined && to === undefined ? undefined : requireRange({ from, to });
        if (range !== undefined) await confirmRange(session, group, range);
        if (wait !== undefined) requireManager(session);
        const runs = await api.trigger(group, range, { force });
        await printer.list(wait === undefined ? runs : await waitForRuns(session, runs, wait), RUNS);
        noteWaiting();
      }),
    );

  program
    .command("explain")
    .description("explain why a run waits, or how it ended")
    .argument("<run>", "id of the run")
    .action(
      action(async ({ api, printer }, id: string) => {
        const explanation = await api.explain(id);
        await printer.result(explanation, explanation.reasons.join("\n"));
      }),
    );

  program
    .command("mark-ready")
    .description("open the gates of runs by hand, whatever they wait for")
    .argument("<run...>", "ids of runs")
    .option("--note <text>", "the reason, for people")
    .action(
      action(async ({ api, printer }, ids: string[], { note }: { readonly note?: string }) => {
        for (const id of ids) {
          await api.markReady(id, note);
          const run = await api.getRun(id);
          await printer.result(run, `${id} is ${run.state}, and its gates are open.`);
        }
      }),
    );

  program
    .command("retry")
    .description("give failed or cancelled runs all their attempts again")
    .argument("[run...]", "ids of runs")
    .option("--group <id>", "all failed runs of this group that no other run covers")
    .option("--latest", "with the schedule's newest version, instead of the one they were planned with")
    .option("--resplit", "split anew what was split into shards, and do all of it again")
    .addOption(waitOption())
    .action(
      action(async (session, ids: string[], { group, latest, resplit, wait }: RetryChoice) => {
        const { api, printer, noteWaiting } = session;
        if ((ids.length === 0) === (group === undefined)) {
          throw new CommandError("retry: give ids of runs, or a group with --group.");
        }
        if (wait !== undefined) requireManager(session);
        const options: RetryOptions = {
          ...(latest === true ? { version: "latest" } : {}),
          ...(resplit === true ? { resplit } : {}),
        };
        if (group !== undefined) await confirmFailed(session, group);
        for (const id of ids) await api.retryRun(id, options);
        const retried = group === undefined ? ids : await api.retryRuns(group, options);
        await printer.result(
          retried,
          retried.length === 0 ? "No run has failed." : `Retried: ${retried.join("\n")}`,
        );
        if (wait !== undefined) {
          const runs = await Promise.all(retried.map((id) => api.getRun(id)));
          await waitForRuns(session, runs, wait);
        }
        noteWaiting();
      }),
    );

  program
    .command("cancel")
    .description("cancel runs, or a backfill; an active run ends when its job has stopped")
    .argument("[run...]", "ids of runs")
    .option("--backfill <id>", "plan no more runs of this backfill; active ones finish")
    .action(
      action(async ({ api, printer }, ids: string[], { backfill }: { readonly backfill?: string }) => {
        if ((ids.length === 0) === (backfill === undefined)) {
          throw new CommandError("cancel: give ids of runs, or a backfill with --backfill.");
        }
        if (backfill !== undefined) {
          await api.cancelBackfill(backfill);
          const found = await api.getBackfill(backfill);
          return printer.result(found, `${backfill} is ${found?.state ?? "unknown"}.`);
        }
        for (const id of ids) {
          await api.cancelRun(id);
          const run = await api.getRun(id);
          const state = run.isCancelRequested ? `${run.state}, and is being cancelled` : run.state;
          await printer.result(run, `${id} is ${state}.`);
        }
      }),
    );
}

async function confirmRange({ api, confirm }: Session, groupId: string, range: Interval): Promise<void> {
  const request = {
    groupId,
    from: range.lower,
    to: range.upper,
    select: "all",
    isDryRun: true,
    force: true,
  } as const;
  const { runs } = await api.backfill(request);
  if (runs > MOST_UNCONFIRMED) await confirm(`${runs} runs of ${groupId} will be planned.`);
}

async function confirmFailed({ api, confirm }: Session, groupId: string): Promise<void> {
  const { items } = await api.runs({ groupId, states: ["FAILED"] }, { limit: MOST_UNCONFIRMED + 1 });
  if (items.length > MOST_UNCONFIRMED) {
    await confirm(`More than ${MOST_UNCONFIRMED} runs of ${groupId} will be retried.`);
  }
}
