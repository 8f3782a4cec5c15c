import type { RestatementPlan, RestatementRequest } from "@tidegate/core";
import { type Command, Option } from "commander";
import { applyPlanEffects, restatementEffects } from "../dry-run/ledger.js";
import { writing } from "../dry-run/writing.js";
import { groupArgument } from "../input/arguments.js";
import { requireRange } from "../input/range.js";
import type { Session } from "../session.js";
import { MOST_UNCONFIRMED } from "./runs.js";

interface RestateOptions {
  readonly from: string;
  readonly to: string;
  readonly cascade: "none" | "downstream";
  readonly except?: readonly string[];
  readonly note?: string;
  readonly force?: boolean;
  readonly plan?: boolean;
}

/** Adds `restate` and `apply-plan`. */
export function addRestatements(program: Command): void {
  writing<[group: string, options: RestateOptions]>(
    program
      .command("restate")
      .description("run time of a group again, and what follows from it")
      .addArgument(groupArgument())
      .requiredOption("--from <instant>", "where the range begins, such as 2026-01-01T00:00:00Z or -7d")
      .requiredOption("--to <instant>", "where the range ends, exclusive")
      .addOption(
        new Option("--cascade <which>", "whether groups that depend on it run again as well")
          .choices(["none", "downstream"])
          .default("none"),
      )
      .option("--except <group...>", "groups at which the cascade stops")
      .option("--note <text>", "the reason, for people")
      .option("--force", "also time that is sealed")
      .option("--plan", "only show the plan, with an id for apply-plan"),
    {
      foresee: async (api, group, options) =>
        restatementEffects(await api.restate(requestOf(group, options))),
      act: async (session, group, options) => {
        const { api, printer, confirm } = session;
        const plan = await api.restate(requestOf(group, options));
        if (options.plan === true) return printer.result(plan, planText(plan));
        if (plan.runs > MOST_UNCONFIRMED) await confirm(`${plan.runs} runs will be planned.`);
        await begin(session, plan.planId);
      },
    },
  );

  writing<[planId: string, options: object]>(
    program
      .command("apply-plan")
      .description("begin a planned restatement, if its ledgers have not moved since")
      .argument("<plan>", "id of the plan"),
    {
      foresee: (api, planId) => applyPlanEffects(api, planId),
      act: (session, planId) => begin(session, planId),
    },
  );
}

async function begin({ api, printer, noteWaiting }: Session, planId: string): Promise<void> {
  const restatement = await api.applyRestatement(planId);
  const lines = restatement.backfills.map(({ id, groupId }) => `${groupId}: backfill ${id} has begun.`);
  await printer.result(restatement, lines.join("\n") || "There is nothing to run.");
  noteWaiting();
}

function requestOf(groupId: string, options: RestateOptions): RestatementRequest {
  const { lower, upper } = requireRange(options);
  const { cascade, except, note, force = false } = options;
  return {
    groupId,
    from: lower,
    to: upper,
    cascade,
    force,
    ...(except === undefined ? {} : { except }),
    ...(note === undefined ? {} : { note }),
  };
}

function planText({ planId, runs, groups, stops }: RestatementPlan): string {
  return [
    `${runs} runs`,
    ...groups.map((group) => `  ${group.groupId}: ${group.runs} runs`),
    ...stops.map(({ groupId, reason }) => `  stops at ${groupId}: ${reason}`),
    `Plan: ${planId}`,
  ].join("\n");
}
