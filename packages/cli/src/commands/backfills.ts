import type { BackfillPlan, BackfillRequest, BackfillSelect } from "@tidegate/core";
import { type Command, Option } from "commander";
import { backfillEffect } from "../dry-run/ledger.js";
import { writing } from "../dry-run/writing.js";
import { groupArgument, wholeNumber } from "../input/arguments.js";
import { requireRange } from "../input/range.js";
import { requireManager, type WaitFor, waitForBackfill, waitOption } from "../input/wait.js";
import { intervalText } from "../output/time-text.js";
import { MOST_UNCONFIRMED } from "./runs.js";

interface BackfillOptions {
  readonly from: string;
  readonly to: string;
  readonly select: BackfillSelect;
  readonly concurrency?: number;
  readonly id?: string;
  readonly plan?: boolean;
  readonly force?: boolean;
  readonly wait?: WaitFor;
}

/** Adds `backfill`. */
export function addBackfills(program: Command): void {
  writing<[group: string, options: BackfillOptions]>(
    program
      .command("backfill")
      .description("run a past range of a group beside its schedule")
      .addArgument(groupArgument())
      .requiredOption("--from <instant>", "where the range begins, such as 2026-01-01T00:00:00Z or -7d")
      .requiredOption("--to <instant>", "where the range ends, exclusive")
      .addOption(
        new Option("--select <which>", "which intervals run")
          .choices(["missing", "failed", "incomplete", "all"])
          .default("missing"),
      )
      .option("--concurrency <n>", "how many of its runs may be active at once", wholeNumber(1, 1_000))
      .option("--id <id>", "begin it once, however often it is requested")
      .option("--force", "also time that is sealed")
      .option("--plan", "only show the plan")
      .addOption(waitOption()),
    {
      foresee: async (api, group, options) => [await backfillEffect(api, requestOf(group, options))],
      act: async (session, group, options) => {
        const { api, printer, confirm, noteWaiting } = session;
        const { wait } = options;
        const request = requestOf(group, options);
        const plan = await api.backfill({ ...request, isDryRun: true });
        if (options.plan === true) return printer.result(plan, planText(plan));
        if (plan.runs > MOST_UNCONFIRMED) await confirm(`${plan.runs} runs of ${group} will be planned.`);
        if (wait !== undefined) requireManager(session);
        const begun = await api.backfill(request);
        const { backfill } = begun;
        const outcome =
          backfill === undefined ? "There is nothing to run." : `Backfill ${backfill.id} has begun.`;
        await printer.result(begun, `${planText(begun)}\n${outcome}`);
        if (wait !== undefined && backfill !== undefined) await waitForBackfill(session, backfill, wait);
        noteWaiting();
      },
    },
  );
}

function requestOf(
  groupId: string,
  { from, to, select, concurrency, id, force = false }: BackfillOptions,
): BackfillRequest {
  const { lower, upper } = requireRange({ from, to });
  return {
    groupId,
    from: lower,
    to: upper,
    select,
    force,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(id === undefined ? {} : { id }),
  };
}

function planText({ runs, ranges, notes }: BackfillPlan): string {
  return [`${runs} runs`, ...ranges.map((range) => `  ${intervalText(range)}`), ...notes].join("\n");
}
