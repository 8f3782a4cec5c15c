import { z } from "zod";
import { optional } from "../shape/field.js";
import {
  type Dependency,
  type DependencyTree,
  leavesOf,
  levelsOf,
  MOST_DEPENDENCIES,
  MOST_LEVELS,
} from "./dependency.js";
import { DURATION, durationMs, parseShift, SHIFT } from "./shift.js";

const MAX_DURATION_MS = 10 * 366 * 86_400_000;
const MOST_INTERVALS = 1_000;
const PERCENTAGE = /^(\d{1,3}(?:\.\d{1,6})?)%$/;

const shift = z
  .string()
  .regex(SHIFT, 'must be a whole number and a unit, such as "-1 day", "+2 weeks" or "-1 interval"')
  .refine((text) => {
    const { count, unit } = parseShift(text);
    return unit !== "interval" || Math.abs(count) <= MOST_INTERVALS;
  }, `must not be more than ${MOST_INTERVALS} intervals`);

/** The schema of a `DependencyWindow`. */
export const dependencyWindowSchema = z.strictObject({
  from: optional(shift, "Shift of the lower bound, such as `-1 day` or `-1 interval`.", "none"),
  to: optional(shift, "Shift of the upper bound.", "none"),
  align: optional(
    z.enum(["hour", "day", "week", "month", "quarter", "year"]),
    "Widens the run's interval to whole units first; a week begins on Monday.",
    "not widened",
  ),
});

const atLeast = z.union(
  [
    z.string().refine((text) => {
      const share = Number(PERCENTAGE.exec(text)?.[1] ?? 0);
      return share > 0 && share <= 100;
    }),
    z.strictObject({
      missing: z
        .string()
        .regex(DURATION, 'must be a whole number and a unit up to weeks, such as "2 hours"')
        .refine((text) => durationMs(text) > 0, "must be longer than nothing")
        .describe("The most time that may be missing, such as `90 minutes`, `2 hours` or `1 day` (24 h)."),
    }),
  ],
  { error: 'must be more than "0%" and at most "100%", or { missing } with a duration such as "2 hours"' },
);

/** The schema of a `DependencyTimeout`. */
export const dependencyTimeoutSchema = z.strictObject({
  afterMs: z
    .number()
    .int()
    .min(1)
    .max(MAX_DURATION_MS)
    .describe(
      "How long a run waits for it, counted from when its turn in its lane has come, ms, at least 1. Time that is covered in the last of these milliseconds still counts.",
    ),
  action: z
    .enum(["fail", "run", "hold"])
    .describe(
      "`fail`: the run fails with DEPENDENCY_TIMEOUT, without an attempt; `run`: the dependency counts as met; `hold`: the run waits on, and a `trouble` event says so once.",
    ),
});

/** The schema of a `Dependency`. */
export const dependencySchema = z
  .strictObject({
    groupId: z
      .string()
      .regex(/^[A-Za-z0-9_.:-]{1,200}$/, "must be 1 to 200 of letters, digits and _ . : -")
      .describe(
        "The group that is depended on. It must exist, or be registered together with this one, unless it `mayComeLater`.",
      ),
    mayComeLater: optional(
      z.boolean(),
      "Whether the group may be registered later; until then runs wait for it.",
      "false",
    ),
    window: optional(dependencyWindowSchema, "The time that must be covered.", "the run's own interval"),
    atLeast: optional(
      atLeast,
      "How much of the window's time must be covered: more than `0%`, up to `100%`, or all but `missing`.",
      '"100%"',
    ),
    satisfiedBy: optional(
      z.enum(["succeeded", "settled"]),
      "Which runs cover time: those that succeeded, or also those that were given up on purpose (skipped by a policy, or cancelled by a person).",
      '"succeeded", for the group itself "settled"',
    ),
    beforeOrigin: optional(
      z.enum(["wait", "ignore"]),
      "The part of the window before the group's ledger begins: not waited for (`ignore`), or awaited. A full copy of the group has it.",
      '"ignore", for a source group and one that is first copied in full "wait"',
    ),
    timeout: optional(
      dependencyTimeoutSchema,
      "When it has waited long enough, and how it goes on.",
      "it waits for ever",
    ),
    onRestate: optional(
      z.enum(["mark", "rerun", "ignore"]),
      "How a run goes on whose window is covered anew after it has read it: it is stale until somebody runs it again (`mark`), it is run again once things have settled (`rerun`), or it stays as it is (`ignore`).",
      '"mark"',
    ),
  })
  .meta({
    id: "Dependency",
    description: "A dependency on the coverage of a group: its ledger must cover a window of time.",
    examples: [{ groupId: "orders", window: { from: "-6 days" } }],
  }) as unknown as z.ZodType<Dependency, Dependency>;

/** The schema of a `DependencyTree`. */
export const dependencyTreeSchema: z.ZodType<DependencyTree, DependencyTree> = z
  .lazy(() => {
    const children = z.array(dependencyTreeSchema).min(1).max(MOST_DEPENDENCIES);
    return z.union(
      [
        dependencySchema,
        z.strictObject({ all: children.describe("All of these must be met.") }),
        z.strictObject({ any: children.describe("Any of these must be met.") }),
      ],
      { error: "must be a dependency with a groupId, or { all } or { any } of several" },
    );
  })
  .meta({ id: "DependencyTree", description: "Dependencies of which all or any must be met." });

/** The schema of `ScheduleInfo.dependsOn`. */
export const dependsOnSchema = dependencyTreeSchema.superRefine((tree, context) => {
  const levels = levelsOf(tree);
  if (levels > MOST_LEVELS) {
    const message = `must not have more than ${MOST_LEVELS} levels of all and any; it has ${levels}`;
    context.addIssue({ code: "custom", message });
  }
  const leaves = leavesOf(tree).length;
  if (leaves > MOST_DEPENDENCIES) {
    const message = `must not have more than ${MOST_DEPENDENCIES} dependencies; it has ${leaves}`;
    context.addIssue({ code: "custom", message });
  }
});

/** The schema of `ScheduleInfo.dependsOnPast`. */
export const dependsOnPastSchema = z.union([z.boolean(), z.enum(["previous", "all"])], {
  error: 'must be true, false, "previous" or "all"',
});

/** An issue of a union as zod reports it: the issues of each of its members. */
type UnionIssue = Extract<z.core.$ZodIssue, { code: "invalid_union" }>;

/**
 * Returns the issue with the part of a tree that was meant: the members of a union all fail, and zod reports
 * only the union.
 *
 * @param value - the whole input
 */
export function issueWithin(issue: z.core.$ZodIssue, value: unknown): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const part = issue.path.reduce<unknown>(
    (of, key) => (of as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  if (typeof part !== "object" || part === null) return issue;
  const [meant] = (issue as UnionIssue).errors[memberOf(part)] ?? [];
  if (meant === undefined) return issue;
  return issueWithin({ ...meant, path: [...issue.path, ...meant.path] }, value);
}

function memberOf(part: object): number {
  if ("all" in part) return 1;
  return "any" in part ? 2 : 0;
}
