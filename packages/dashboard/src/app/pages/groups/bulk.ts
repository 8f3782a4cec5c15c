import type { Schedule } from "@tidegate/core";
import type { manager } from "../../api/connection.js";

/** The actions on many groups at once. */
export type BulkAct = "pause" | "resume" | "trigger" | "retry";

/** The states of groups that an act changes something in. */
const FITTING: Readonly<Record<BulkAct, Schedule["status"]>> = {
  pause: "REGISTERED",
  resume: "PAUSED",
  trigger: "REGISTERED",
  retry: "REGISTERED",
};

/** How many requests are under way at once. */
const AT_ONCE = 6;

/**
 * Returns the groups that an act would change, of those that match.
 *
 * @param failed - ids of groups with failed runs
 */
export function fittingGroups(
  act: BulkAct,
  groups: readonly Schedule[],
  failed: ReadonlySet<string>,
): Schedule[] {
  return groups.filter(
    ({ spec, status }) => status === FITTING[act] && (act !== "retry" || failed.has(spec.groupId)),
  );
}

/** A group that was left as it was, and why. */
export interface Refused {
  readonly groupId: string;
  readonly message: string;
}

interface Going {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/**
 * Does it to each group, some at once, and returns the groups that refused. A group that somebody has changed since it was
 * read is left as it is.
 */
export async function applyBulk(
  client: Pick<typeof manager, "pause" | "resume" | "trigger" | "retryRuns">,
  act: BulkAct,
  groups: readonly Schedule[],
  note: string,
  { signal, onProgress }: Going,
): Promise<Refused[]> {
  const refused: Refused[] = [];
  const waiting = [...groups];
  let done = 0;
  const one = async ({ spec: { groupId }, version }: Schedule): Promise<void> => {
    if (act === "pause") await client.pause(groupId, note, { version });
    else if (act === "resume") await client.resume(groupId, { version });
    else if (act === "trigger") await client.trigger(groupId);
    else await client.retryRuns(groupId);
  };
  const work = async (): Promise<void> => {
    for (let group = waiting.shift(); group !== undefined && !signal.aborted; group = waiting.shift()) {
      const { groupId } = group.spec;
      await one(group).catch((error: Error) => refused.push({ groupId, message: error.message }));
      done += 1;
      onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return refused;
}
