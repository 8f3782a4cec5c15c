import type { RedisClient } from "./connection.js";

/** The Redis settings that decide whether it keeps its data. */
export interface RedisSettings {
  /** Such as `7.2.4`. */
  readonly version: string | undefined;
  readonly maxmemoryPolicy: string | undefined;
  readonly isAppendOnly: boolean | undefined;
  /** When snapshots are taken, as in `CONFIG GET save`; `undefined` if that is forbidden. */
  readonly save: string | undefined;
}

/** Reads the settings. Those that a managed Redis or an ACL hides are `undefined`. */
export async function readSettings(client: RedisClient): Promise<RedisSettings> {
  const info = new Map((await client.info()).split(/\r?\n/).map((line) => splitAtColon(line)));
  const appendOnly = info.get("aof_enabled");
  return {
    version: info.get("redis_version"),
    maxmemoryPolicy: info.get("maxmemory_policy"),
    isAppendOnly: appendOnly === undefined ? undefined : appendOnly !== "0",
    save: await readSave(client),
  };
}

/** Returns the weaknesses of the settings, each with its remedy. */
export function weaknessesOf({ version, maxmemoryPolicy, isAppendOnly, save }: RedisSettings): string[] {
  const found: string[] = [];
  if (version !== undefined && isOlder(version, [6, 2])) {
    found.push(`Redis ${version} is too old: the engine needs 6.2 or newer.`);
  }
  if (maxmemoryPolicy !== undefined && maxmemoryPolicy !== "noeviction") {
    found.push(
      `Redis drops keys when its memory is full (maxmemory-policy ${maxmemoryPolicy}), schedules among them: ` +
        "set maxmemory-policy to noeviction.",
    );
  }
  if (isAppendOnly === false && save === "") {
    found.push(
      "Redis keeps nothing on disk (appendonly no, no save points): a restart loses all schedules until the " +
        "reconciler has registered them again. Set appendonly to yes.",
    );
  }
  return found;
}

async function readSave(client: RedisClient): Promise<string | undefined> {
  try {
    const [, save] = (await client.config("GET", "save")) as string[];
    return save;
  } catch {
    return undefined;
  }
}

function splitAtColon(line: string): [string, string] {
  const at = line.indexOf(":");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [actualMajor = 0, actualMinor = 0] = version.split(".").map(Number);
  return actualMajor < major || (actualMajor === major && actualMinor < minor);
}
