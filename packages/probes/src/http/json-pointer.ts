import type { JsonValue } from "@tidegate/core";

/** The form of a JSON pointer (RFC 6901): empty, or `/` and a name for each step. */
export const POINTER = /^(\/([^~/]|~[01])*)*$/;

/** Returns what a pointer points at; `undefined` if there is nothing. */
export function pointedAt(value: JsonValue, pointer: string): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, JsonValue>>)[name];
  }
  return at;
}
