import { backfillSchema, intervalSchema as interval } from "@tidegate/core/schema";
import { z } from "zod";
import { instant } from "./interval.js";
import { groupId } from "./schedule.js";
import { line, note } from "./text.js";

/** Longest id of a plan: it carries the request. */
const MAX_PLAN_ID = 100_000;

/** A request to run time of a group again, and what follows from it. */
export const restatementRequest = z
  .strictObject({
    groupId: groupId.describe("The group whose time is run again."),
    from: instant.describe("Start of the time, inclusive; widened to whole intervals."),
    to: instant.describe(
      "End of the time, exclusive. Intervals that are not over yet are left to the live schedule.",
    ),
    cascade: z
      .enum(["none", "downstream"])
      .optional()
      .describe(
        "Whether the groups that depend on it are run again as well, directly or not. Default `none`.",
      ),
    except: z.array(groupId).max(1_000).optional().describe("Ids of groups at which the cascade stops."),
    note: note(2_000).optional().describe("Why, for people."),
    force: z.boolean().optional().describe("Runs sealed time again as well. Default false."),
  })
  .meta({
    id: "RestatementRequest",
    description: "A request to run time of a group again, and what follows from it.",
    examples: [
      {
        groupId: "orders",
        from: "2026-01-01T00:00:00Z",
        to: "2026-01-02T00:00:00Z",
        cascade: "downstream",
        note: "A late file.",
      },
    ],
  });

const restatedGroup = z
  .object({
    groupId: z.string().describe("The group."),
    intervals: z
      .array(interval)
      .readonly()
      .describe("The time that is run again: whole intervals of its grid. Empty for a source group."),
    runs: z
      .int()
      .describe(
        "How many intervals of its grid that is. Runs that cover several of them count as one when they are run.",
      ),
    depth: z.int().describe("How many dependencies lie between it and the group that is restated."),
  })
  .meta({ id: "RestatedGroup", description: "A group of a restatement." });

const restatementStop = z
  .object({
    groupId: z.string().describe("The group."),
    reason: z
      .enum(["ignore", "except", "unregistered", "unreadable"])
      .describe(
        "`ignore`: its dependency ignores changes; `except`: the request leaves it out; `unregistered`: it has no schedule that could run; `unreadable`: its schedule cannot be read.",
      ),
  })
  .meta({
    id: "RestatementStop",
    description: "A group at which a restatement stops, although it reads what is restated.",
  });

const planId = line(MAX_PLAN_ID)
  .min(1)
  .describe("The id of a plan; it names the request and the ledgers as they were.");

/** The effect that a restatement would have, as core's `RestatementPlan`. */
export const restatementPlan = z
  .object({
    planId,
    groups: z.array(restatedGroup).readonly().describe("The groups, the nearest first."),
    stops: z.array(restatementStop).readonly().describe("The groups at which it stops."),
    runs: z.int().describe("Runs of all groups."),
  })
  .meta({ id: "RestatementPlan", description: "The effect that a restatement would have." });

/** A plan to begin. */
export const planReference = z.strictObject({ planId }).meta({
  id: "PlanReference",
  description: "A plan to begin.",
  examples: [{ planId: "eyJncm91cElkIjoi.9f2c" }],
});

/** A restatement that has begun, as core's `Restatement`. */
export const restatement = z
  .object({
    planId,
    backfills: z
      .array(backfillSchema)
      .readonly()
      .describe("One for each stretch of time of each group, the nearest group first."),
  })
  .meta({ id: "Restatement", description: "A restatement that has begun." });
