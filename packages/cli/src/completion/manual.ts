import type { Argument, Command, Option } from "commander";
import { visibleCommands } from "./candidates.js";

/** The last parts of the manual, after the commands, by their headings. */
export interface ManualParts {
  readonly version: string;
  /** Paragraphs by heading. */
  readonly after: Readonly<Record<string, readonly string[]>>;
}

/** Returns the manual of a command and those below it as a page for `man`, in the macros of man(7). */
export function manualOf(program: Command, { version, after }: ManualParts): string {
  const name = program.name();
  return [
    `.TH ${name.toUpperCase()} 1 "" "${escaped(`${name} ${version}`)}"`,
    ".SH NAME",
    `${name} \\- ${escaped(lowerFirst(program.description()).replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    `.B ${name}`,
    "[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]",
    ".SH OPTIONS",
    ...program.options.flatMap(optionLines),
    ".SH COMMANDS",
    ...leavesOf(program).flatMap(commandLines),
    ...Object.entries(after).flatMap(([heading, paragraphs]) => [
      `.SH ${heading.toUpperCase()}`,
      ...paragraphs.flatMap((text) => [".PP", escaped(text)]),
    ]),
    "",
  ].join("\n");
}

/** The commands that do something, each with the words that lead to it. */
function leavesOf(command: Command, words: readonly string[] = []): (readonly [string, Command])[] {
  return visibleCommands(command).flatMap((each) => {
    const path = [...words, each.name()];
    return each.commands.length > 0 ? leavesOf(each, path) : [[path.join(" "), each] as const];
  });
}

function commandLines([words, command]: readonly [string, Command]): string[] {
  const given = command.registeredArguments.map(argumentText);
  const options = command.options.filter(({ hidden }) => !hidden);
  return [
    `.SS ${escaped([words, ...given].join(" "))}`,
    escaped(`${upperFirst(command.description())}.`),
    ...command.registeredArguments.filter(({ description }) => description !== "").flatMap(argumentLines),
    ...options.flatMap(optionLines),
  ];
}

function argumentText(argument: Argument): string {
  const text = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${text}>` : `[${text}]`;
}

function argumentLines(argument: Argument): string[] {
  return [".TP", `\\fI${escaped(argument.name())}\\fR`, escaped(argument.description)];
}

function optionLines({ flags, description, argChoices, mandatory }: Option): string[] {
  const choices = argChoices === undefined ? "" : ` (${argChoices.join(", ")})`;
  const needed = mandatory ? " (needed)" : "";
  return [".TP", `\\fB${escaped(flags)}\\fR`, escaped(`${description}${choices}${needed}`)];
}

/** Escapes a text, so that no character of it is a request or is drawn as another one. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("~", "\\(ti")
    .replace(/^\./gm, "\\&.");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
