import { z } from "zod";

/** The body of every refusal. */
export const errorBody = z
  .object({
    error: z
      .object({
        code: z.string().describe("Stable, in upper case: programs decide by it."),
        message: z.string().describe("For people."),
        field: z.string().exactOptional().describe("Path of the offending part of the request."),
      })
      .describe("The refused value and the reason."),
  })
  .meta({
    id: "Error",
    description: "A refusal.",
    examples: [
      {
        error: {
          code: "SCHEDULE_NOT_FOUND",
          message: "No schedule is registered for group orders.",
          field: "groupId",
        },
      },
    ],
  });

/** Description of each status. */
const REFUSED: Readonly<Record<number, string>> = {
  400: "The request is malformed; `field` names the part.",
  401: "The credentials are missing or wrong.",
  403: "This is not allowed, or the request was sent by a web page of another origin or to another host name.",
  404: "There is nothing of this id.",
  409: "The state of the schedule or of the run does not allow this.",
  412: "The schedule is not at the version that `If-Match` names.",
  413: "The body is too long.",
  415: "The body is not JSON.",
  422: "The interval is malformed, or not one of the schedule's.",
  425: "The interval is not over yet; `Retry-After` says when to come again.",
  500: "Something broke; the log says what.",
  502: "The engine cannot be reached, or refused.",
  503: "The store is away, or planning waits for runs to end.",
};

/** Returns the refusals that a route documents, each with this body; undocumented ones have it as well. */
export function refusals<Body extends z.ZodType, const Status extends number>(
  body: Body,
  ...statuses: readonly Status[]
): Record<Status | "default", Body> {
  const entries = statuses.map((status) => [status, described(body, REFUSED[status]!)]);
  return { ...Object.fromEntries(entries), default: described(body, "Any other refusal.") } as Record<
    Status | "default",
    Body
  >;
}

/** Bodies with descriptions, which all routes share. */
const bodies = new WeakMap<z.ZodType, Map<string, z.ZodType>>();

function described(body: z.ZodType, description: string): z.ZodType {
  const known = bodies.get(body) ?? new Map<string, z.ZodType>();
  bodies.set(body, known);
  const found = known.get(description) ?? body.describe(description);
  known.set(description, found);
  return found;
}

const REST_REFUSALS = [400, 401, 403, 500, 503] as const;

/** Returns the refusals of every REST route, and the given ones of this route. */
export function restRefusals<const Status extends number>(...statuses: readonly Status[]) {
  return refusals<typeof errorBody, Status | (typeof REST_REFUSALS)[number]>(
    errorBody,
    ...REST_REFUSALS,
    ...statuses,
  );
}
