import type { FastifyRequest } from "fastify";
import { HttpError } from "../errors/http-error.js";

/** Far deeper than a request is nested, and far from the depth at which checking one overflows the stack. */
const MOST_LEVELS = 100;

/**
 * Refuses a body that is nested too deeply to be checked against a schema.
 *
 * @throws HttpError REQUEST_INVALID with the field of the body that is too deep
 */
export async function checkNesting({ body }: FastifyRequest): Promise<void> {
  if (!isNestedDeeper(body, MOST_LEVELS)) return;
  const [field = ""] = Array.isArray(body)
    ? []
    : Object.entries(body as object).find(([, value]) => isNestedDeeper(value, MOST_LEVELS - 1))!;
  const message = `${field || "body"}: nested deeper than ${MOST_LEVELS} levels.`;
  throw new HttpError(400, "REQUEST_INVALID", message, field === "" ? {} : { field });
}

/** Returns whether a value of JSON is nested deeper than so many levels. Goes by level: recursion is what it prevents. */
function isNestedDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isNested);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((nested) => Object.values(nested).filter(isNested));
  }
  return false;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}
