import type { Interval, RetryOptions } from "@tidegate/core";
import type { Command } from "commander";
import {
  cancelBackfillEffect,
  cancelEffect,
  markReadyEffect,
  retryEffect,
  retryGroupEffects,
  triggerEffect,
} from "../dry-run/runs.js";
import { each, writing } from "../dry-run/writing.js";
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

interface TriggerChoice extends RangeOptions {
  readonly drain?: boolean;
}

interface RetryChoice {
  readonly group?: string;
  readonly latest?: boolean;
  readonly resplit?: boolean;
  readonly wait?: WaitFor;
}

/** Adds the commands of single runs: `trigger`, `explain`, `mark-ready`, `retry` and `cancel`. */
export function addRuns(program: Command): void {
  writing<[group: string, options: TriggerChoice]>(
    program
      .command("trigger")
      .description(
        "run a group now: what is owed, or else the last interval again, all intervals of a range, or all of its source",
      )
      .addArgument(groupArgument())
      .option("--from <instant>", "where the range begins, such as 2026-01-01T00:00:00Z or -2d")
      .option("--to <instant>", "where the range ends, exclusive")
      .option("--drain", "everything that its source has now, although no interval is over")
      .option("--force", "also time that is sealed")
      .addOption(waitOption()),
    {
      foresee: async (api, group, options) => {
        const { drain = false, force = false } = options;
        return [await triggerEffect(api, group, { range: rangeOf(options), drain, force })];
      },
      act: async (session, group, options) => {
        const { api, printer, noteWaiting } = session;
        const { drain = false, force = false, wait } = options;
        const range = rangeOf(options);
        if (range !== undefined) await confirmRange(session, group, range);
        if (wait !== undefined) requireManager(session);
        const runs = await api.trigger(group, range, { drain, force });
        await printer.list(wait === undefined ? runs : await waitForRuns(session, runs, wait), RUNS);
        noteWaiting();
      },
    },
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

  writing<[ids: string[], options: { readonly note?: string }]>(
    program
      .command("mark-ready")
      .description("open the gates of runs by hand, whatever they wait for")
      .argument("<run...>", "ids of runs")
      .option("--note <text>", "the reason, for people"),
    {
      foresee: (api, ids, { note }) => each(ids, (id) => markReadyEffect(api, id, note)),
      act: async ({ api, printer }, ids, { note }) => {
        for (const id of ids) {
          await api.markReady(id, note);
          const run = await api.getRun(id);
          await printer.result(run, `${id} is ${run.state}, and its gates are open.`);
        }
      },
    },
  );

  writing<[ids: string[], choice: RetryChoice]>(
    program
      .command("retry")
      .description("give failed or cancelled runs all their attempts again")
      .argument("[run...]", "ids of runs")
      .option("--group <id>", "all failed runs of this group that no other run covers")
      .option("--latest", "with the schedule's newest version, instead of the one they were planned with")
      .option("--resplit", "split anew what was split into shards, and do all of it again")
      .addOption(waitOption()),
    {
      foresee: (api, ids, choice) => {
        requireOne("retry", "a group with --group", ids, choice.group);
        if (choice.group !== undefined) return retryGroupEffects(api, choice.group, choice);
        return each(ids, (id) => retryEffect(api, id, choice));
      },
      act: async (session, ids, { group, latest, resplit, wait }) => {
        const { api, printer, noteWaiting } = session;
        requireOne("retry", "a group with --group", ids, group);
        if (wait !== undefined) requireManager(session);
        const options: RetryOptions = {
          ...(latest === true ? { version: "latest" } : {}),
          ...(resplit === true ? { resplit } : {}),
        };
        if (group !== undefined) await confirmFailed(session, group);
        for (const id of ids) await api.retryRun(id, options);
        const retried = group === undefined ? ids : await api.retryRuns(group, options);
        const text = retried.length === 0 ? "No run has failed." : `Retried: ${retried.join("\n")}`;
        await printer.result(retried, text);
        if (wait !== undefined) {
          const runs = await Promise.all(retried.map((id) => api.getRun(id)));
          await waitForRuns(session, runs, wait);
        }
        noteWaiting();
      },
    },
  );

  writing<[ids: string[], options: { readonly backfill?: string }]>(
    program
      .command("cancel")
      .description("cancel runs, or a backfill; an active run ends when its job has stopped")
      .argument("[run...]", "ids of runs")
      .option("--backfill <id>", "plan no more runs of this backfill; active ones finish"),
    {
      foresee: async (api, ids, { backfill }) => {
        requireOne("cancel", "a backfill with --backfill", ids, backfill);
        if (backfill !== undefined) return [await cancelBackfillEffect(api, backfill)];
        return each(ids, (id) => cancelEffect(api, id));
      },
      act: async ({ api, printer }, ids, { backfill }) => {
        requireOne("cancel", "a backfill with --backfill", ids, backfill);
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
      },
    },
  );
}

function rangeOf({ from, to }: RangeOptions): Interval | undefined {
  return from === undefined && to === undefined ? undefined : requireRange({ from, to });
}

/** @throws CommandError unless there are either ids of runs or what stands for several of them */
function requireOne(command: string, other: string, ids: readonly string[], given: string | undefined): void {
  if ((ids.length === 0) === (given === undefined))
    throw new CommandError(`${command}: give ids of runs, or ${other}.`);
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
