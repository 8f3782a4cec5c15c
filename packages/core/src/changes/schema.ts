import { z } from "zod";
import { runStateSchema } from "../run/schema.js";
import { CHANGE_KINDS, type LedgerChange } from "../store/change-log.js";

/** The schema of `ChangeKind`. */
export const changeKindSchema = z.enum(CHANGE_KINDS);

/** The schema of `LedgerChange`. */
export const ledgerChangeSchema = z
  .object({
    kind: changeKindSchema.describe("The part of the ledger that was written."),
    groupId: z
      .string()
      .nullable()
      .describe("The group that was written; `null` if it belongs to none, or may be any."),
    runs: z
      .array(
        z.object({
          id: z.string().describe("Id of the run."),
          state: runStateSchema
            .exactOptional()
            .describe("Its state after the change; absent if something else about it has changed."),
        }),
      )
      .readonly()
      .exactOptional()
      .describe("The runs that were written; absent if there are many, or if none are known."),
  })
  .meta({
    id: "LedgerChange",
    description: "A change of the ledger: a reason to read it again, not its new contents.",
    examples: [
      {
        kind: "run",
        groupId: "orders",
        runs: [{ id: "0123456789abcdef0123456789abcdef", state: "SUCCEEDED" }],
      },
    ],
  }) satisfies z.ZodType<LedgerChange>;
