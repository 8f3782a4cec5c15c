import { z } from "zod";

/** How every refusal looks. */
export const errorBody = z.object({
  error: z.object({
    code: z.string().describe("Stable, in upper case: programs decide by it."),
    message: z.string().describe("For people."),
    field: z.string().exactOptional().describe("Path of the offending part of the request."),
  }),
});

/** The refusals that a route documents. */
export function refusals<const Status extends number>(
  ...statuses: readonly Status[]
): Record<Status, typeof errorBody> {
  return Object.fromEntries(statuses.map((status) => [status, errorBody])) as Record<
    Status,
    typeof errorBody
  >;
}
