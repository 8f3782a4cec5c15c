import type { ErrorCode, Interval } from "@tidegate/core";
import type { Printer } from "../output/printer.js";
import { intervalText } from "../output/time-text.js";

/** A change that a command would make. Exactly one of the ids names the thing that changes, beside its group if it has one. */
export interface Effect {
  /** The act, such as `pause`; `none` if everything is that way already. */
  readonly action: string;
  readonly groupId?: string;
  readonly runId?: string;
  readonly backfillId?: string;
  readonly pool?: string;
  readonly file?: string;
  /** A plain sentence. */
  readonly summary: string;
  /** The fields that would change, as they are; `null` if the thing does not exist yet. */
  readonly before: object | null;
  /** The same fields afterwards; `null` if the thing is gone then. */
  readonly after: object | null;
  /** The time that would be written, or would run; stretches of it if there are many intervals. */
  readonly intervals?: readonly Interval[];
  /** Plain sentences on what else would follow. */
  readonly notes: readonly string[];
}

/** Most intervals that are shown to a person; the others are counted. */
const SHOWN = 20;

/** Prints effects: as sentences for people, or as they are. */
export async function printEffects(printer: Printer, effects: readonly Effect[]): Promise<void> {
  if (!printer.isForPeople) return printer.list(effects, []);
  for (const effect of effects) await printer.result(effect, textOf(effect));
  printer.note("Nothing was changed.");
}

/** Returns the error of a command that the manager would refuse, with the code that it would give. */
export function refused(code: ErrorCode, message: string): Error & { readonly code: ErrorCode } {
  return Object.assign(new Error(message), { code });
}

/** Returns a number of things: `1 run`, `2 runs`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function textOf({ summary, intervals = [], notes }: Effect): string {
  const shown = intervals.slice(0, SHOWN).map((interval) => `  ${intervalText(interval)}`);
  const rest = intervals.length - shown.length;
  return [
    summary,
    ...shown,
    ...(rest > 0 ? [`  and ${rest.toLocaleString("en")} more`] : []),
    ...notes.map((note) => `  ${note}`),
  ].join("\n");
}
