import { z } from "zod";

/** The schema of a `RunLog`. */
export const runLogSchema = z
  .object({
    runId: z.string().describe("The run."),
    attempt: z
      .int()
      .describe("The ordinal of the attempt over all retries, 1 for the first; 0 if none has begun."),
    attempts: z.int().describe("How many attempts of the run have begun, over all retries."),
    lines: z
      .array(z.string())
      .readonly()
      .describe("The lines, oldest first. They are to be shown as plain text: they may contain anything."),
    first: z
      .int()
      .describe(
        "The number of the first of these lines, counted from 0 over all that the attempt has logged.",
      ),
    next: z.int().describe("`after` of a request for what comes next."),
    isEnded: z.boolean().describe("Whether the attempt has ended."),
    isFinal: z
      .boolean()
      .describe(
        "Whether these lines are kept, and never change. The log of an attempt is kept right after its end.",
      ),
  })
  .meta({
    id: "RunLog",
    description: "Lines that an attempt of a run has logged.",
    examples: [
      {
        runId: "019b76da8800a1b2c3d4e5f60718293a",
        attempt: 1,
        attempts: 1,
        lines: ["1,000 orders read", "998 orders written"],
        first: 0,
        next: 2,
        isEnded: true,
        isFinal: true,
      },
    ],
  });
