import { namesBound } from "../sql/bind.js";
import type { FlinkJob, Repetition } from "./job.js";
import { BRACES, placeholderOf } from "./placeholder.js";

/** Returns what a person should know about an accepted job. */
export function notesOn(job: FlinkJob): string[] {
  if ("materializedTable" in job) return [];
  if ("sync" in job) return onRepetition("job.sync.sink", job.sync.sink.repetition);
  if ("sql" in job) {
    const { statement, prepare = [], repetition } = job.sql;
    return [
      ...onRepetition("job.sql", repetition),
      ...onBounds("job.sql.statement", [statement, ...prepare].some(namesBound)),
    ];
  }
  const { programArgs = [], repetition } = job.jar;
  return [
    ...onRepetition("job.jar", repetition),
    ...onBounds("job.jar.programArgs", programArgs.some(namesBoundInText)),
  ];
}

function onRepetition(field: string, repetition: Repetition | undefined): string[] {
  if (repetition !== "appends") return [];
  return [`${field}.repetition is "appends": an interval that is run again has its rows twice.`];
}

function onBounds(field: string, hasBound: boolean): string[] {
  if (hasBound) return [];
  return [`${field} names no bound of the interval, such as {lower:epoch_ms}: every run does the same.`];
}

function namesBoundInText(text: string): boolean {
  return [...text.matchAll(BRACES)].some(([, name = ""]) => placeholderOf(name)?.kind === "bound");
}
