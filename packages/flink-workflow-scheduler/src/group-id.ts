import { hash } from "node:crypto";
import { parseIdentifier } from "@tidegate/operator-flink";

const PREFIX = "flink:";

const MAX_LENGTH = 200;
const MAX_SLUG_LENGTH = 100;

/**
 * Returns the group of a table: `flink:catalog.database.table`. If a part is not a plain name, it is the
 * readable characters of the path and a hash, with a second colon, so that no two tables share a group.
 *
 * @returns `undefined` if it is not an identifier of a table
 */
export function groupIdOf(identifier: string): string | undefined {
  const path = parseIdentifier(identifier);
  if (path === undefined) return undefined;
  const plain = PREFIX + path.join(".");
  if (path.every((part) => /^[A-Za-z0-9_-]+$/.test(part)) && plain.length <= MAX_LENGTH) return plain;
  const slug = path.map((part) => part.replaceAll(/[^A-Za-z0-9_-]+/g, "_")).join(".");
  const digest = hash("sha256", JSON.stringify(path), "hex").slice(0, 32);
  return `${PREFIX}${slug.slice(0, MAX_SLUG_LENGTH)}:${digest}`;
}
