import { z } from "zod";
import { at, instant } from "./interval.js";
import { note } from "./text.js";

/** Core's `Seal`. */
export const seal = z
  .object({
    groupId: z.string().describe("The group."),
    through: at("End of the sealed time, exclusive"),
    note: z.string().describe("Why, for people."),
    sealedAt: at("When it was sealed"),
  })
  .meta({
    id: "Seal",
    description:
      "A person's decision that a group's time is closed: nothing in it is written again without force.",
  });

export const sealRequest = z
  .strictObject({
    until: instant.describe("End of the sealed time, exclusive; all before it must be covered."),
    note: note(2_000).optional().describe("Why, for people."),
    force: z.boolean().optional().describe("Also move a seal back, which opens time again. Default false."),
  })
  .meta({
    id: "SealRequest",
    description: "A seal to be set.",
    examples: [{ until: "2026-02-01T00:00:00Z", note: "January is closed." }],
  });
