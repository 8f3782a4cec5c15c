import { realpathSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { invalidJob } from "@tidegate/operator-kit";

const FIRST_GLOB = /[*?[]/;

/**
 * Resolves a path from a job to an absolute path inside the directories that jobs may use.
 *
 * @param allowed - real paths; `undefined` allows all
 * @throws OperatorError JOB_INVALID for a path outside them, including by `..` or a symbolic link
 */
export function allowedPath(path: string, field: string, allowed: readonly string[] | undefined): string {
  const absolute = resolve(path);
  if (allowed === undefined) return absolute;
  if (isInside(realPathOf(beforeGlob(absolute)), allowed)) return absolute;
  throw invalidJob(field, `${path} lies outside the directories that the operator allows`);
}

/** Returns whether a real path is one of the allowed directories or is inside one. */
export function isInside(real: string, allowed: readonly string[]): boolean {
  return allowed.some((directory) => real === directory || real.startsWith(withSeparator(directory)));
}

/**
 * Returns the real path of a directory or file that may not exist yet: links are followed in the part that
 * exists.
 */
export function realPathOf(absolute: string): string {
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute
      ? absolute
      : resolve(realPathOf(parent), absolute.slice(withSeparator(parent).length));
  }
}

function beforeGlob(absolute: string): string {
  const at = absolute.search(FIRST_GLOB);
  return at < 0 ? absolute : absolute.slice(0, absolute.lastIndexOf(sep, at)) || sep;
}

function withSeparator(directory: string): string {
  return directory.endsWith(sep) ? directory : directory + sep;
}
