import { z } from "zod";
import { at, maybeAt } from "../shape/field.js";

/** The schema of a `DeadlineState`. */
export const deadlineStateSchema = z
  .enum(["PENDING", "AT_RISK", "ON_TIME", "LATE", "MISSED", "EXCUSED"])
  .meta({
    id: "DeadlineState",
    description:
      "How an interval stands to its deadline. `PENDING`: open, and not at risk. `AT_RISK`: open, and not likely to be met. `ON_TIME`: met. `LATE`: met at the deadline or later. `MISSED`: not met, and still open. `EXCUSED`: nothing was expected.",
  });

/** The schema of a `DeadlineSubject`. */
export const deadlineSubjectSchema = z.enum(["interval", "freshness", "data", "headroom"]).meta({
  id: "DeadlineSubject",
  description:
    "The subject of a deadline: an interval; the freshness of a group's data; the data that its source has to have (`expectData`); or the headroom of positions that are still to be read, before the source lets go of them.",
});

/** The schema of a `DeadlineReason`. */
export const deadlineReasonSchema = z
  .enum(["failed", "blocked", "given-up", "slow", "warning", "paused", "unregistered", "removed"])
  .meta({
    id: "DeadlineReason",
    description:
      "Why a deadline is at risk or excused. `failed`: a run of the interval has used up its attempts. `blocked`: a failed run blocks the lane. `given-up`: a policy or a person gave the interval up. `slow`: at the usual duration, its run would end too late. `warning`: it is not done `warnBeforeMs` before the deadline. `paused`: the schedule was paused when the deadline passed. `unregistered`: the schedule was unregistered. `removed`: the schedule no longer has the deadline, or the interval.",
  });

/** The schema of a `DeadlineRecord`. */
export const deadlineRecordSchema = z
  .object({
    groupId: z.string().describe("The group it belongs to."),
    subject: deadlineSubjectSchema.describe("Its subject."),
    lower: at(
      "Inclusive lower bound of the interval; of the first one, if adjacent intervals are excused together; of a group's freshness, the time up to which it was covered",
    ),
    upper: at("Exclusive upper bound; `lower` of a group's freshness"),
    deadlineAt: at("When it had to be met; that of the last interval, if several are excused together"),
    state: deadlineStateSchema.describe("Its state."),
    reason: deadlineReasonSchema.nullable().describe("Why it is in this state; `null` if that is plain."),
    since: at("Since when it is in this state"),
    metAt: maybeAt("When it was met", "if it is not"),
  })
  .meta({
    id: "DeadlineRecord",
    description: "A deadline that was not simply met: at risk, missed, met late or after a risk, or excused.",
  });
