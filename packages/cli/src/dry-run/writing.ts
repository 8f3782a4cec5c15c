import type { Command } from "commander";
import type { Reader } from "../api/api.js";
import type { Printer } from "../output/printer.js";
import { action, type Session } from "../session.js";
import { type Effect, printEffects } from "./effect.js";

/** The option of every command that writes. */
export const DRY_RUN = "--dry-run";

/** Whether a command only shows what it would do. */
export interface DryRunOptions {
  readonly dryRun?: boolean;
}

/** Halves of a command that writes. Both get the command's arguments and options. */
export interface Writing<Args extends unknown[], Seen extends Effect> {
  /** Returns what the command would change, without a change. @throws what the command would throw, as far as that can be read */
  readonly foresee: (api: Reader, ...args: Args) => Promise<readonly Seen[]>;
  /** Does it. */
  readonly act: (session: Session, ...args: Args) => Promise<void>;
  /** Prints effects. @default as sentences, or as they are */
  readonly print?: (printer: Printer, effects: readonly Seen[]) => Promise<void>;
}

/** Gives a command its action and `--dry-run`, with which it only reads, says what it would change, and asks nothing. */
export function writing<Args extends unknown[], Seen extends Effect = Effect>(
  command: Command,
  { foresee, act, print = printEffects }: Writing<Args, Seen>,
): Command {
  return command.option(DRY_RUN, "only show what would change").action(
    action<Args>(async (session, ...args) => {
      const { dryRun = false } = args.at(-1) as DryRunOptions;
      if (!dryRun) return act(session, ...args);
      await print(session.printer, await foresee(session.api, ...args));
    }),
  );
}

/** Returns the effects on several things, in their order. */
export async function each<T>(
  items: readonly T[],
  effectOn: (item: T) => Promise<Effect>,
): Promise<Effect[]> {
  const effects: Effect[] = [];
  for (const item of items) effects.push(await effectOn(item));
  return effects;
}
