import { isUtf8 } from "node:buffer";
import { HttpError } from "../errors/http-error.js";

/** @throws HttpError REQUEST_INVALID */
export function parseBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new HttpError(400, "REQUEST_INVALID", "body: must be UTF-8.");
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new HttpError(400, "REQUEST_INVALID", "body: must be JSON.");
  }
}

/** Returns the group that a body names, parsed the same way as later; `undefined` if it names none. */
export function groupNamedIn(bytes: Buffer): string | undefined {
  try {
    const { groupId } = parseBody(bytes) as { groupId?: unknown };
    return typeof groupId === "string" ? groupId : undefined;
  } catch {
    return undefined;
  }
}
