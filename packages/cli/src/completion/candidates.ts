import type { Command, Option } from "commander";
import { GROUP } from "../input/arguments.js";

/**
 * Returns what the last of the words may become.
 *
 * @param words - those after the program's name; the last one is being typed
 * @param groupIds - returns ids of groups that begin with a text
 */
export async function candidates(
  program: Command,
  words: readonly string[],
  groupIds: (prefix: string) => Promise<readonly string[]>,
): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  const { command, position, open } = walk(program, words.slice(0, -1));
  const found = await offered(program, command, position, open, typed, groupIds);
  return found.filter((each) => each.startsWith(typed));
}

async function offered(
  program: Command,
  command: Command,
  position: number,
  open: Option | undefined,
  typed: string,
  groupIds: (prefix: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (open !== undefined) return open.long === "--group" ? groupIds(typed) : (open.argChoices ?? []);
  if (typed.startsWith("-")) {
    const options = new Set([...command.options, ...program.options]);
    return ["--help", ...[...options].flatMap(({ long, hidden }) => (long && !hidden ? [long] : []))];
  }
  if (command.commands.length > 0) return visibleCommands(command).map((each) => each.name());
  const given = command.registeredArguments;
  const argument = given[Math.min(position, given.length - 1)];
  return argument?.name() === GROUP ? groupIds(typed) : (argument?.argChoices ?? []);
}

/** Follows the words to the command that they name, and to an option that waits for its value. */
function walk(program: Command, words: readonly string[]) {
  let command = program;
  let position = 0;
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
    } else if (word.startsWith("-")) {
      const options = [...command.options, ...program.options];
      const named = options.find(({ long, short }) => word === long || word === short);
      open = named?.required === true ? named : undefined;
    } else {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (next === undefined) position += 1;
      else command = next;
    }
  }
  return { command, position, open };
}

/** Returns the commands that are shown to people. */
export function visibleCommands(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help");
}
