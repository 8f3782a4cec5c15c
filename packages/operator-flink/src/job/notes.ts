import { isBound, namesIn, placeholderOf, rerunNotes } from "@tidegate/operator-kit";
import type { Work } from "../run/task.js";
import { namesBound } from "../sql/bind.js";
import type { SyncSplit } from "../sync/split-sync.js";

/** Returns what a person should know about an accepted job. */
export function notesOn(work: Work): string[] {
  if (work.kind === "materializedTable") return [];
  if (work.kind === "jar") {
    const { programArgs = [], rerun } = work.job;
    return [
      ...rerunNotes("job.jar.rerun", rerun),
      ...onBounds("job.jar.programArgs", programArgs.some(namesBoundInText)),
    ];
  }
  const { statement, prepare = [], rerun } = work.job;
  if (work.field === "job.sync")
    return [...rerunNotes("job.sync.sink.rerun", rerun), ...splitNotes(work.split)];
  return [
    ...rerunNotes("job.sql.rerun", rerun),
    ...onBounds("job.sql.statement", [statement, ...prepare].some(namesBound)),
  ];
}

function splitNotes(split: SyncSplit | undefined): string[] {
  if (split === undefined || !("range" in split)) return [];
  return [
    `job.sync.source.split: shards see different moments of the table, and a row whose ${split.column} is updated meanwhile may be in two shards, or in none.`,
  ];
}

function onBounds(field: string, hasBound: boolean): string[] {
  if (hasBound) return [];
  return [`${field} names no bound of the interval, such as {{lower.epochMs}}: every run does the same.`];
}

function namesBoundInText(text: string): boolean {
  return namesIn(text).some((name) => isBound(placeholderOf(name)));
}
