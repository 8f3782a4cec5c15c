// Writes what the schemas say of each field into the docstrings of core's types and into the guide.
//   node scripts/documented-fields.mjs           writes
//   node scripts/documented-fields.mjs --check   only names the files that differ, and fails if there are any
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deadlineRecordSchema } from "../packages/core/dist/deadlines/schema.js";
import {
  dependencySchema,
  dependencyTimeoutSchema,
  dependencyWindowSchema,
} from "../packages/core/dist/dependency/schema.js";
import { jobMetricsSchema } from "../packages/core/dist/job/schema.js";
import { backfillSchema } from "../packages/core/dist/run/backfill-schema.js";
import { lateTimeSchema } from "../packages/core/dist/run/late-schema.js";
import {
  attemptRecordSchema,
  readyMarkSchema,
  runErrorSchema,
  runSchema,
  runWaitSchema,
  unmetDependencySchema,
} from "../packages/core/dist/run/schema.js";
import {
  backoffSchema,
  dirtyDataLimitSchema,
  expectedDataSchema,
  freshnessSchema,
  scheduleInfoSchema,
  sealSchema,
  shardPolicySchema,
} from "../packages/core/dist/schedule/schema.js";
import { scheduleSchema, scheduleVersionSchema } from "../packages/core/dist/schedule/stored-schema.js";
import {
  cronTriggerSchema,
  dstPolicySchema,
  onceTriggerSchema,
  periodTriggerSchema,
} from "../packages/core/dist/trigger/trigger-schema.js";

const root = fileURLToPath(new URL("..", import.meta.url));

const TYPES = {
  "deadlines/deadline-record.ts": { DeadlineRecord: deadlineRecordSchema },
  "dependency/dependency.ts": {
    Dependency: dependencySchema,
    DependencyTimeout: dependencyTimeoutSchema,
    DependencyWindow: dependencyWindowSchema,
  },
  "job/dirty-data-limit.ts": { DirtyDataLimit: dirtyDataLimitSchema },
  "job/job-outcome.ts": { JobMetrics: jobMetricsSchema },
  "run/backfill.ts": { Backfill: backfillSchema },
  "run/late-time.ts": { LateTime: lateTimeSchema },
  "run/run.ts": {
    AttemptRecord: attemptRecordSchema,
    ReadyMark: readyMarkSchema,
    Run: runSchema,
    RunError: runErrorSchema,
    RunWait: runWaitSchema,
    UnmetDependency: unmetDependencySchema,
  },
  "schedule/deadline.ts": { ExpectedData: expectedDataSchema, Freshness: freshnessSchema },
  "schedule/schedule.ts": {
    BackoffSpec: backoffSchema,
    Schedule: scheduleSchema,
    ScheduleInfo: scheduleInfoSchema,
    SealRule: sealSchema,
    ScheduleVersion: scheduleVersionSchema,
  },
  "shard/shard.ts": { ShardPolicy: shardPolicySchema },
  "trigger/trigger-spec.ts": {
    CronTriggerSpec: cronTriggerSchema,
    DstPolicy: dstPolicySchema,
    OnceTriggerSpec: onceTriggerSchema,
    PeriodTriggerSpec: periodTriggerSchema,
  },
};

/** Breaks a text into lines, but not within code. */
function wrapped(text, width) {
  const lines = [""];
  for (const word of text.match(/(?:`[^`]*`|\S)+/g)) {
    const line = lines.at(-1);
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

function docstring(description, indent) {
  const parts = description.replace(/ Default: (.*)\.$/s, "\n@default $1").split("\n");
  const line = `${indent}/** ${parts.join(" ")} */`;
  if (line.length <= 110) return line;
  const width = 110 - indent.length - 3;
  const body = parts.flatMap((part) => wrapped(part, width)).map((part) => `${indent} * ${part}`);
  return [`${indent}/**`, ...body, `${indent} */`].join("\n");
}

/** Replaces the docstrings of an interface's fields. */
function withDocstrings(source, name, fields) {
  const start = source.search(new RegExp(`^export interface ${name}\\b`, "m"));
  const end = source.indexOf("\n}\n", start);
  if (start < 0 || end < 0) throw new Error(`There is no interface ${name}.`);
  let body = source.slice(start, end);
  for (const [field, { description }] of Object.entries(fields)) {
    const declared = new RegExp(`(?:^  /\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?^  readonly ${field}\\??:`, "m");
    const found = declared.exec(body);
    if (found === null) throw new Error(`${name} has no field ${field}.`);
    const declaration = found[0].slice(found[0].lastIndexOf("  readonly "));
    body = body.replace(found[0], () => `${docstring(description, "  ")}\n${declaration}`);
  }
  return source.slice(0, start) + body + source.slice(end);
}

const MARKS = ["<!-- fields: begin (scripts/documented-fields.mjs) -->", "<!-- fields: end -->"];

/** Replaces the guide's list of fields. */
function withFieldList(guide, fields) {
  const [start, end] = MARKS.map((mark) => guide.indexOf(mark));
  if (start < 0 || end < start) throw new Error("The guide has no place for the fields.");
  const items = Object.entries(fields).map(([name, { description }]) => {
    const text = description.replace(/ Default: (.*)\.$/s, (_, value) => ` Default: ${asCode(value)}.`);
    return wrapped(`- \`${name}\`: ${text}`, 140).join("\n  ");
  });
  return `${guide.slice(0, start) + MARKS[0]}\n\n${items.join("\n")}\n\n${guide.slice(end)}`;
}

const asCode = (value) => (/^["{\d]/.test(value) ? `\`${value}\`` : value);

const files = Object.entries(TYPES).map(([file, types]) => [
  join(root, "packages/core/src", file),
  (source) =>
    Object.entries(types).reduce((text, [name, { shape }]) => withDocstrings(text, name, shape), source),
]);
files.push([join(root, "docs/guide.md"), (guide) => withFieldList(guide, scheduleInfoSchema.shape)]);

let differ = 0;
for (const [path, update] of files) {
  const before = readFileSync(path, "utf8");
  const after = update(before);
  if (after === before) continue;
  differ += 1;
  console.error(`${path} differs from the schemas.`);
  if (!process.argv.includes("--check")) writeFileSync(path, after);
}
if (process.argv.includes("--check") && differ > 0) process.exit(1);
