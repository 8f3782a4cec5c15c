import { z } from "zod";
import { deadlineStateSchema, deadlineSubjectSchema } from "../deadlines/schema.js";
import { ScheduleError } from "../errors/errors.js";
import { runKindSchema } from "../job/schema.js";
import { backfillSelectSchema } from "../run/backfill-schema.js";
import { lateStateSchema } from "../run/late-schema.js";
import { runReasonSchema, runStateSchema } from "../run/schema.js";
import { scheduleStatusSchema } from "../schedule/stored-schema.js";
import { shardStateSchema } from "../shard/schema.js";
import { MAX_NOTE } from "./ledger-input.js";
import type { ScheduleClient } from "./schedule-client.js";

/** The names of the methods of an object. */
type MethodOf<T> = { [Key in keyof T]: T[Key] extends (...args: never[]) => unknown ? Key : never }[keyof T];

/** The arguments of each method, by their names, in their order. */
type Arguments = Readonly<Record<string, z.ZodType>>;

/** Neither Postgres nor a JSON document can hold these in a text. */
const UNSTORABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const text = z
  .string()
  .max(10_000)
  .refine((value) => !UNSTORABLE.test(value), "has characters that cannot be stored");
const note = text.max(MAX_NOTE).optional();
const flag = z.boolean().optional();
const order = z.enum(["ascending", "descending"]).optional();
const version = z.int().optional();
const interval = z.object({ lower: z.int(), upper: z.int() });
const page = z.object({ cursor: text.optional(), limit: z.int().min(1).max(1_000).optional() }).optional();
const force = z.object({ force: flag }).optional();
const seen = z.object({ version }).optional();
const retry = z
  .object({ version: z.enum(["planned", "latest"]).optional(), force: flag, resplit: flag })
  .optional();
/** A request that is checked field by field where it is read. */
const request = z.looseObject({});

/** The arguments of `ScheduleClient`. Deeper fields of a definition or a request are checked where they are read. */
export const ARGUMENTS: Readonly<Record<MethodOf<ScheduleClient>, Arguments>> = {
  register: { info: z.unknown() },
  registerMany: { infos: z.array(z.unknown()) },
  ensure: { info: z.unknown() },
  update: {
    info: z.unknown(),
    seen: z.object({ version: z.int(), plannedRuns: z.enum(["keep", "adopt"]).optional() }),
  },
  unregister: { groupId: text, options: z.object({ purge: flag, force: flag, version }).optional() },
  pause: { groupId: text, note, seen },
  resume: { groupId: text, seen },
  trigger: {
    groupId: text,
    interval: interval.optional(),
    options: z.object({ force: flag, drain: flag }).optional(),
  },
  get: { groupId: text },
  describe: { groupId: text },
  explain: { runId: text },
  list: {
    filter: z
      .object({
        groupIds: z.array(text).optional(),
        groupIdPrefix: text.optional(),
        statuses: z.array(scheduleStatusSchema).optional(),
        engine: text.optional(),
        labels: z.record(text, text).optional(),
      })
      .optional(),
    page,
  },
  preview: {
    subject: z.union([text, request], "must be a group's id or a schedule"),
    count: z.int().optional(),
    options: z.object({ from: z.unknown().optional(), firstRead: flag }).optional(),
  },
  backfill: {
    request: z.looseObject({
      id: text.optional(),
      groupId: text,
      select: backfillSelectSchema.optional(),
      concurrency: z.int().optional(),
      isDryRun: flag,
      force: flag,
    }),
  },
  rebase: { groupId: text, request: z.looseObject({ force: flag }) },
  importOffsets: { groupId: text, request: z.looseObject({ stream: text.optional(), note, force: flag }) },
  resnapshot: { groupId: text, request: z.object({ note, swap: flag, force: flag }).optional() },
  seal: { groupId: text, until: z.unknown(), note, options: force },
  getBackfill: { id: text },
  cancelBackfill: { id: text },
  setPool: { pool: z.unknown() },
  listPools: {},
  deletePool: { name: text },
  runs: {
    filter: z
      .object({
        groupId: text.optional(),
        states: z.array(runStateSchema).optional(),
        kinds: z.array(runKindSchema).optional(),
        reasons: z.array(runReasonSchema).optional(),
        backfillId: text.optional(),
        isJobOpen: flag,
        isBlocking: flag,
        isUncovered: z.literal(true).optional(),
        isSuperseded: flag,
        staleness: z.enum(["all", "unnoted"]).optional(),
        within: interval.optional(),
        includeSuperseded: flag,
        order,
      })
      .optional(),
    page,
  },
  deadlines: {
    filter: z
      .object({
        groupId: text.optional(),
        subjects: z.array(deadlineSubjectSchema).optional(),
        states: z.array(deadlineStateSchema).optional(),
        within: interval.optional(),
        order,
      })
      .optional(),
    page,
  },
  getRun: { id: text },
  shards: {
    runId: text,
    filter: z.object({ states: z.array(shardStateSchema).optional() }).optional(),
    page,
  },
  logs: {
    runId: text,
    options: z.object({ attempt: z.int().min(1).optional(), after: z.int().min(0).optional() }).optional(),
  },
  cancelRun: { id: text },
  markReady: { id: text, note },
  retryRun: { id: text, options: retry },
  retryRuns: { groupId: text, options: retry },
  registerSource: { info: z.unknown() },
  reportCoverage: { groupId: text, report: request },
  coverage: {
    groupId: text,
    range: interval,
    options: z.object({ waitMs: z.unknown(), signal: z.instanceof(AbortSignal).optional() }).optional(),
  },
  coverageBuckets: {
    groupId: text,
    range: interval.optional(),
    options: z.object({ limit: z.int().optional() }).optional(),
  },
  restate: { request },
  applyRestatement: { planId: text },
  lags: { options: z.object({ limit: z.int().min(1).max(1_000).optional() }).optional() },
  stale: { groupId: text.optional() },
  lateData: {
    filter: z
      .object({
        groupId: text.optional(),
        states: z.array(lateStateSchema).optional(),
        within: interval.optional(),
      })
      .optional(),
    page,
  },
  audit: { groupId: text, within: interval.optional() },
};

/**
 * Returns the client with the types of all arguments checked first, for callers whose language does not check
 * them. A method that is given something else rejects with ARGUMENT_INVALID and its name.
 */
export function withCheckedArguments(client: ScheduleClient): ScheduleClient {
  return new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function" || !Object.hasOwn(ARGUMENTS, name)) return member;
      const expected = ARGUMENTS[name as MethodOf<ScheduleClient>];
      return (...given: unknown[]): unknown => {
        const refusal = refusalOf(String(name), expected, given);
        return refusal === undefined ? member.apply(target, given) : Promise.reject(refusal);
      };
    },
  });
}

function refusalOf(
  method: string,
  expected: Arguments,
  given: readonly unknown[],
): ScheduleError | undefined {
  for (const [index, [name, schema]] of Object.entries(expected).entries()) {
    const { error } = schema.safeParse(given[index]);
    const issue = error?.issues[0];
    if (issue === undefined) continue;
    const field = [name, ...issue.path.map(String)].join(".");
    return new ScheduleError("ARGUMENT_INVALID", `${method}: ${field}: ${issue.message}.`, { field });
  }
  return undefined;
}
