import {
  type DuckdbJob,
  isChanges,
  isFiles,
  type PostgresTarget,
  type Source,
  type TableSource,
} from "./job.js";

/** Returns what a person should know about an accepted job. */
export function notesOn({ source, target }: DuckdbJob): readonly string[] {
  return [...sourceNotes(source), ...(target.format === "postgres" ? targetNotes(target) : [])];
}

function sourceNotes(source: Source | undefined): string[] {
  if (source === undefined) return [];
  if (isChanges(source)) return [];
  if (!isFiles(source)) return [...splitNotes(source), ...committedNotes(source)];
  const { minAgeMs = 0 } = source;
  if (minAgeMs === 0) return [];
  return [
    `job.source.minAgeMs: an attempt fails while a file is younger than ${minAgeMs} ms, so maxAttempts and backoff must outlast that.`,
  ];
}

function splitNotes(source: TableSource): string[] {
  const { split } = source;
  if (split === undefined) return [];
  if (source.format === "postgres" && source.split?.snapshot !== "own")
    return [
      "job.source.split: all shards read one view of the database, which an open transaction keeps until they are merged: meanwhile, VACUUM removes no row that it shows.",
    ];
  return [
    `job.source.split: shards see different moments of the table, and a row whose ${split.column} is updated meanwhile may be in two shards, or in none.`,
  ];
}

function committedNotes(source: TableSource): string[] {
  if (source.format === "postgres" && source.timeColumn !== undefined)
    return [
      "job.source.timeColumn: without an index that begins with it, each run scans the whole table.",
      "job.source.timeColumn: rows whose time is null or infinite are in no interval, and rows that are committed after their interval has run are not read.",
    ];
  return [];
}

function targetNotes({ write, rejectedPath }: PostgresTarget): string[] {
  return [
    ...(write === "upsert"
      ? [
          'job.target.write is "upsert": rows that an earlier run of the interval wrote and this one does not read again stay.',
        ]
      : []),
    ...(rejectedPath === undefined
      ? ["job.target.rejectedPath is not given: a bad row fails the run, since there is nowhere to keep it."]
      : []),
  ];
}
