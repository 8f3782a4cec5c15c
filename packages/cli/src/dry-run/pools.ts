import type { PoolInfo, Schedule } from "@tidegate/core";
import type { Reader } from "../api/api.js";
import { everyItem } from "../input/pages.js";
import { counted, type Effect, refused } from "./effect.js";

/** Returns the effect of creating or changing a pool. */
export async function setPoolEffect(api: Reader, info: PoolInfo): Promise<Effect> {
  const { poolInfoSchema } = await import("@tidegate/core/schema");
  const { data: after, error } = poolInfoSchema.safeParse(info);
  if (error !== undefined) {
    const { message, path } = error.issues[0]!;
    throw refused("POOL_INVALID", `${path.join(".")}: ${message}.`);
  }
  const found = (await api.listPools()).find(({ name }) => name === info.name);
  const { used = 0, activeRuns: _, waitingRuns: __, ...before } = found ?? {};
  const isNew = found === undefined;
  const isSame = !isNew && JSON.stringify(sorted(before)) === JSON.stringify(sorted(after));
  return {
    action: isSame ? "none" : isNew ? "create" : "update",
    pool: info.name,
    summary: `${info.name} ${isSame ? "is" : isNew ? "would be created" : "would be changed"}: ${counted(after.slots, "slot")}${isNew || isSame ? "" : ` instead of ${found.slots}`}.`,
    before: isNew ? null : before,
    after,
    notes: used > after.slots ? [`${counted(used, "slot")} are in use; active runs would finish.`] : [],
  };
}

function sorted(value: object): [string, unknown][] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Returns the effect of deleting a pool. */
export async function deletePoolEffect(api: Reader, name: string): Promise<Effect> {
  const found = (await api.listPools()).find((pool) => pool.name === name);
  if (found === undefined) throw refused("POOL_NOT_FOUND", `There is no pool ${name}.`);
  const { used, activeRuns, waitingRuns, ...before } = found;
  if (activeRuns + waitingRuns > 0) {
    throw refused("POOL_IN_USE", `Pool ${name} is in use by ${counted(activeRuns + waitingRuns, "run")}.`);
  }
  for await (const { spec } of everyItem((page) => api.list({}, page))) {
    if (needs(spec, name))
      throw refused("POOL_IN_USE", `Pool ${name} is in use: group ${spec.groupId} needs it.`);
  }
  return {
    action: "delete",
    pool: name,
    summary: `${name} would be deleted.`,
    before,
    after: null,
    notes: [],
  };
}

function needs({ pool }: Schedule["spec"], name: string): boolean {
  return typeof pool === "string" ? pool === name : (pool ?? []).some((use) => use.name === name);
}
