import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isTidegateError, type ScheduleInfo } from "@tidegate/core";
import { parseScheduleInfo } from "@tidegate/core/schema";
import { CommandError } from "../exit-code.js";
import { textOf } from "./text-file.js";
import { type Located, parseYaml } from "./yaml-file.js";

const NAMES = /\.(ya?ml|json)$/;

/** A schedule of a file. */
export interface Definition {
  readonly info: ScheduleInfo<object>;
  /** Returns `file:line` of a field, or of the nearest one around it. */
  readonly placeOf: (field: string | undefined) => string;
}

/**
 * Reads the schedules of files and folders, and checks all of them as far as one can without a manager.
 *
 * @param paths - `-` is the standard input
 * @throws CommandError that names every problem with its file, line and field
 */
export async function readDefinitions(paths: readonly string[]): Promise<Definition[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const problems: string[] = [];
  const definitions: Definition[] = [];
  for (const file of files) {
    try {
      for (const located of parseYaml(await textOf(file), file)) definitions.push(definitionOf(located));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      problems.push(error.message);
    }
  }
  for (const definition of definitions) problems.push(...problemsOf(definition));
  problems.push(...repeatedIn(definitions));
  if (problems.length > 0) throw new CommandError(problems.join("\n"));
  if (definitions.length === 0) throw new CommandError(`${paths.join(", ")}: no schedules.`);
  return definitions;
}

/** Returns a line for people on a problem of a definition. */
export function problemOf({ placeOf }: Definition, error: unknown): string {
  const field = isTidegateError(error) ? error.field : undefined;
  return `${placeOf(field)}: ${(error as Error).message}`;
}

function definitionOf({ value, placeOf }: Located): Definition {
  return { info: value as ScheduleInfo<object>, placeOf };
}

function problemsOf(definition: Definition): string[] {
  try {
    parseScheduleInfo(definition.info);
    return [];
  } catch (error) {
    return [problemOf(definition, error)];
  }
}

function repeatedIn(definitions: readonly Definition[]): string[] {
  const places = new Map<string, string>();
  const problems: string[] = [];
  for (const { info, placeOf } of definitions) {
    const groupId = (info as Partial<ScheduleInfo> | null)?.groupId;
    if (typeof groupId !== "string") continue;
    const place = placeOf("groupId");
    const before = places.get(groupId);
    if (before === undefined) places.set(groupId, place);
    else problems.push(`${place}: groupId: ${groupId} is defined at ${before} already.`);
  }
  return problems;
}

/** Returns the files of a path; a folder's by name, its folders' included, but nothing hidden and no links. */
async function filesOf(path: string): Promise<string[]> {
  if (path === "-") return [path];
  const { isDirectory } = await stat(path)
    .then((found) => ({ isDirectory: found.isDirectory() }))
    .catch((error: Error) => {
      throw new CommandError(`${path}: ${error.message}.`);
    });
  if (!isDirectory) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const wanted = (entry: Dirent): boolean =>
    !entry.name.startsWith(".") && (entry.isDirectory() || (entry.isFile() && NAMES.test(entry.name)));
  const names = entries.filter(wanted).map(({ name }) => name);
  return (await Promise.all(names.sort().map((name) => filesOf(join(path, name))))).flat();
}
