import type { RunLog, RunState } from "@tidegate/core";
import { pause, SystemClock } from "@tidegate/core/clock";
import type { Command } from "commander";
import { wholeNumber } from "../input/arguments.js";
import { action, type Session } from "../session.js";

const MACHINE = new SystemClock();

/** How often to look for new lines, ms. */
const LOOK_MS = 1_000;

const ENDED: readonly RunState[] = ["SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"];

interface LogsOptions {
  readonly attempt?: number;
  readonly follow?: boolean;
}

/** Adds `logs`. */
export function addLogs(program: Command): void {
  program
    .command("logs")
    .description("print what an attempt of a run has logged")
    .argument("<run>", "id of the run")
    .option(
      "--attempt <number>",
      "which attempt, counted over all retries (default: the newest)",
      wholeNumber(1, 1_000_000),
    )
    .option("-f, --follow", "print new lines as they come, until the run has ended")
    .action(
      action(async (session, id: string, { attempt, follow = false }: LogsOptions) => {
        if (follow) return followLog(session, id, attempt);
        const log = await session.api.logs(id, attempt === undefined ? {} : { attempt });
        if (!session.printer.isForPeople) return session.printer.value(log);
        if (log.lines.length === 0) session.printer.note(emptyText(log));
        show(session, log, 0);
      }),
    );
}

/** Prints lines until the attempt has ended, or if none is given, the newest attempt and all that follow it. */
async function followLog(session: Session, id: string, only: number | undefined): Promise<void> {
  const { api, printer } = session;
  let attempt = only;
  let after = 0;
  let wasEnded = false;
  for (;;) {
    const { state } = await api.getRun(id);
    const log: RunLog = await api.logs(id, { after, ...(attempt === undefined ? {} : { attempt }) });
    if (printer.isForPeople) show(session, log, after);
    else if (log.lines.length > 0) printer.line(log);
    // The log of an attempt is kept a moment after its end.
    const isOver: boolean = log.isFinal || (log.isEnded && wasEnded);
    const isNext: boolean = isOver && only === undefined && log.attempt < log.attempts;
    if (log.attempt > 0) attempt = isNext ? log.attempt + 1 : log.attempt;
    after = isNext ? 0 : log.next;
    wasEnded = log.isEnded && !isNext;
    if (isNext) continue;
    if (isOver && only !== undefined) return;
    if ((isOver || log.attempts === 0) && ENDED.includes(state)) return;
    await pause(MACHINE, LOOK_MS);
  }
}

function show({ printer }: Session, { lines, first }: RunLog, after: number): void {
  if (lines.length === 0) return;
  if (first > after) printer.note(`${first - after} earlier lines are no longer kept.`);
  printer.text(lines.join("\n"));
}

function emptyText({ attempt, isEnded }: RunLog): string {
  if (attempt === 0) return "No attempt of the run has begun.";
  return `Attempt ${attempt} has logged nothing${isEnded ? "" : " so far"}.`;
}
