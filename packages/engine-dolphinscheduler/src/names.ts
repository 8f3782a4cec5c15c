import { createHash } from "node:crypto";

/** So many characters of a group id can be read in its workflow's name. */
const READABLE = 80;

/** What the names of all workflows of one installation begin with. */
export function namePrefix(prefix: string): string {
  return `tidegate.${prefix}.`;
}

/**
 * The name of a group's workflow: what of the group id is letters, digits, `_` and `-`, and a hash that tells it from all
 * others. Nothing is ever read from a name.
 */
export function workflowNameOf(prefix: string, groupId: string): string {
  const readable = groupId.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, READABLE);
  const hash = createHash("sha256").update(groupId).digest("hex").slice(0, 16);
  return `${namePrefix(prefix)}${readable}.${hash}`;
}
