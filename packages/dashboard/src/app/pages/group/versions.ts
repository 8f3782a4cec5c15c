/** A field that two versions of a definition have otherwise. */
export interface Change {
  /** Path of the field. */
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** Returns the fields in which two definitions differ, by their paths. */
export function changesOf(from: unknown, to: unknown, path = ""): Change[] {
  if (isObject(from) && isObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return names.flatMap((name) => changesOf(from[name], to[name], path === "" ? name : `${path}.${name}`));
  }
  const [before, after] = [textOf(from), textOf(to)];
  return before === after ? [] : [{ field: path, from: before, to: after }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
