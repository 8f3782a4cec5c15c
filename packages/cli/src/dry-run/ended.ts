import type { Reader } from "../api/api.js";
import { refused } from "./effect.js";

/** Refuses to run anything of a group whose schedule is gone. @throws with SCHEDULE_STATUS_ILLEGAL */
export async function refuseEnded(api: Pick<Reader, "get">, groupId: string): Promise<void> {
  const { SCHEDULE_STATUSES } = await import("@tidegate/core");
  const { status } = await api.get(groupId);
  if (SCHEDULE_STATUSES[status].isRegistered) return;
  throw refused(
    "SCHEDULE_STATUS_ILLEGAL",
    `${groupId} is ${status}; its runs could begin if it was registered again.`,
  );
}
