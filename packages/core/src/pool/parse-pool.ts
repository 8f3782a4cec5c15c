import { PoolError } from "../errors/errors.js";
import type { Pool, PoolInfo } from "./pool.js";
import { poolInfoSchema } from "./schema.js";

/**
 * Checks the definition of a pool and fills in its defaults.
 *
 * @throws PoolError POOL_INVALID with the field
 */
export function parsePool(info: PoolInfo): Pool {
  const parsed = poolInfoSchema.safeParse(info);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  const field = path.map(String).join(".");
  throw new PoolError("POOL_INVALID", `${field || "pool"}: ${issue.message}.`, { field });
}
