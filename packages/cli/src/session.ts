import { createInterface } from "node:readline/promises";
import type { ManagerClient } from "@tidegate/client";
import type { Command } from "commander";
import type { Api } from "./api/api.js";
import { type ConnectOptions, connect } from "./api/connect.js";
import { CommandError } from "./exit-code.js";
import { type Format, Printer } from "./output/printer.js";

/** Options of every command. */
export interface GlobalOptions extends ConnectOptions {
  readonly output?: Format;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly yes?: boolean;
  readonly input?: boolean;
}

/** The services available to a command. */
export interface Session {
  readonly api: Api;
  readonly printer: Printer;
  /** See `ManagerClient.events`. @throws CommandError if there is no manager */
  readonly events: ManagerClient["events"];
  /** Whether runs start: a store that this process has opened has no manager. */
  readonly hasManager: boolean;
  /** Asks a person. @throws CommandError if the answer is no, or if there is nobody to ask */
  confirm(question: string): Promise<void>;
  /** Says, where it is so, that nothing starts before a manager opens the store. */
  noteWaiting(): void;
}

/** Returns the printer that the options ask for: tables only for people. */
export function printerOf({ output, json, quiet }: GlobalOptions, atPipe: Format = "json"): Printer {
  const format = json === true ? "json" : (output ?? (process.stdout.isTTY ? "table" : atPipe));
  return new Printer({ format, isQuiet: quiet === true });
}

/**
 * Returns the action of a command that works with schedules: it connects, acts, and closes.
 *
 * @param act - gets the command's arguments and options
 */
export function action<Args extends unknown[]>(
  act: (session: Session, ...args: Args) => Promise<void>,
): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const command = args.pop() as Command;
    const options = command.optsWithGlobals<GlobalOptions>();
    const printer = printerOf(options);
    const { api, hasManager, events = noEvents, close } = await connect(options);
    const noteWaiting = (): void => {
      if (!hasManager) printer.note("No manager is running on this store: its runs start when one does.");
    };
    try {
      const confirm = (question: string): Promise<void> => confirmed(question, options);
      await act({ api, printer, events, hasManager, confirm, noteWaiting }, ...(args as Args));
    } finally {
      await close();
    }
  };
}

function noEvents(): never {
  throw new CommandError("Nothing happens on a store without a manager: use --url instead of --store.");
}

async function confirmed(question: string, { yes, input }: GlobalOptions): Promise<void> {
  if (yes === true) return;
  if (input === false || !process.stdin.isTTY) {
    throw new CommandError(`${question} Confirm it with --yes.`);
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError("Nothing was changed.");
  } finally {
    prompt.close();
  }
}
