import type { ChangeKind, ChangeNews, LedgerChange } from "@tidegate/core";
import { SystemClock } from "@tidegate/core/clock";
import { type Command, Option } from "commander";
import { groupsArgument } from "../input/arguments.js";
import { timeText } from "../output/time-text.js";
import { action } from "../session.js";

const MACHINE = new SystemClock();

const KINDS: readonly ChangeKind[] = ["schedule", "run", "backfill", "deadline", "seal", "pool"];

interface EventOptions {
  readonly kind?: readonly ChangeKind[];
  readonly after?: string;
}

/** Adds `events`. */
export function addEvents(program: Command): void {
  program
    .command("events")
    .description("print what changes, line by line, until it is interrupted")
    .addArgument(groupsArgument(false))
    .addOption(new Option("--kind <kind...>", "only changes of these kinds").choices(KINDS))
    .option("--after <position>", "continue where an earlier output ended")
    .action(
      action(async ({ printer, events }, groupIds: string[], { kind = [], after }: EventOptions) => {
        const stream = events({
          groupIds,
          kinds: kind,
          ...(after === undefined ? {} : { after }),
          onConnection: (isOpen) => {
            if (!isOpen) printer.note("The stream has broken, and is opened again.");
          },
        });
        for await (const news of stream) {
          if (printer.isForPeople) printer.text(linesOf(news).join("\n"));
          else printer.line(news);
        }
      }),
    );
}

/** Returns the news as lines for people. */
function linesOf({ isReset, changes }: ChangeNews): string[] {
  const at = timeText(Math.floor(MACHINE.now() / 1_000) * 1_000);
  if (isReset) return [`${at} anything may have changed`];
  return changes.map((change) => `${at} ${changeText(change)}`);
}

function changeText({ kind, groupId, runs }: LedgerChange): string {
  const subject = `${kind.padEnd(8)} ${groupId ?? (kind === "pool" ? "" : "of any group")}`.trimEnd();
  if (runs === undefined) return subject;
  return `${subject}: ${runs.map(({ id, state = "changed" }) => `${id} ${state}`).join(", ")}`;
}
