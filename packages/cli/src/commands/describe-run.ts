import type { Explanation, ShardPage } from "@tidegate/core";
import { CommandError } from "../exit-code.js";
import { intervalText, timeText } from "../output/time-text.js";
import type { Session } from "../session.js";

/** Carries out `describe run <id>`: shows a run, why it is as it is, and how far its shards have got. */
export async function describeRun({ api, printer }: Session, kind: string, id: string): Promise<void> {
  if (kind !== "run")
    throw new CommandError(`describe: give one group, or \`run\` and an id, not ${kind} and ${id}.`);
  const explanation = await api.explain(id);
  const { summary } = await api.shards(id, {}, { limit: 1 });
  if (printer.isForPeople) printer.text(runText(explanation, summary));
  else await printer.value({ ...explanation, shards: summary });
}

function runText({ run, reasons }: Explanation, summary: ShardPage["summary"]): string {
  const { metrics } = run;
  const facts: readonly (readonly [string, string])[] = [
    ["Run", run.id],
    ["Group", run.groupId],
    ["Interval", intervalText(run)],
    ["Kind", run.kind],
    ["State", run.state],
    ["Attempt", String(run.attempt)],
    ["Started", timeText(run.startedAt)],
    ["Ended", timeText(run.endedAt)],
    ["Job", run.jobAddress ?? run.jobId ?? ""],
    [
      "Rows",
      metrics === null ? "" : `${metrics.rowsRead ?? "?"} read, ${metrics.rowsWritten ?? "?"} written`,
    ],
    ...(summary === null ? [] : shardFacts(summary)),
  ];
  const shown = facts.filter(([, value]) => value !== "");
  return [
    ...shown.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`),
    ...(reasons.length === 0 ? [] : ["", "Why:", ...reasons]),
  ].join("\n");
}

function shardFacts(summary: NonNullable<ShardPage["summary"]>): (readonly [string, string])[] {
  const { count, states, done, rowsPerSecond, expectedEndAt, slowest, mergingAt } = summary;
  const others = Object.entries(states).filter(([state]) => state !== "SUCCEEDED");
  const rest = others.map(([state, number]) => `, ${number} ${state}`).join("");
  return [
    ["Shards", `${states.SUCCEEDED ?? 0} of ${count} done (${Math.floor(done * 100)} % of the work)${rest}`],
    ["Rows/s", rowsPerSecond?.toLocaleString("en-US") ?? ""],
    ["Slowest", slowest ?? ""],
    ["Expected", expectedEndAt === null ? "" : timeText(expectedEndAt)],
    ["Merging", mergingAt === null ? "" : `since ${timeText(mergingAt)}`],
  ];
}
