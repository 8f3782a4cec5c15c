import { z } from "zod";
import { at } from "./interval.js";

const groupLag = z
  .object({
    groupId: z.string().describe("Id of the group."),
    coveredThrough: at("The time up to which it is covered"),
    plannedThrough: at("The time up to which it is planned"),
    lagMs: z.int().describe("The time in between, ms."),
  })
  .meta({ id: "GroupLag", description: "A group whose planned time is not all covered." });

/** The groups that lag most, as core's `Lags`. */
export const lags = z
  .object({
    groups: z.array(groupLag).readonly().describe("The longest lag first."),
    isWhole: z
      .boolean()
      .describe(
        "Whether these are all: every other group is covered up to where it is planned. Otherwise there are more, or so many runs are open or have failed that not all of them were read.",
      ),
  })
  .meta({ id: "Lags", description: "The groups that lag most." });
