import { JobWatch } from "@tidegate/operator-kit";
import type { Settings } from "../options.js";
import { Refused, Unanswered } from "../rest/failure.js";
import type { ListedJob } from "../rest/listed-job.js";
import type { JobListing } from "./job-lists.js";

/** Settings of the watch. */
export type WatchSettings = Pick<Settings, "clock" | "pollIntervalMs" | "unreachableMs" | "lostAfterMs">;

/** Returns the watch for the ends of all jobs: the end of one is as the cluster lists it. */
export function clusterWatch(listing: JobListing, settings: WatchSettings): JobWatch<ListedJob> {
  const { lostAfterMs, ...times } = settings;
  return new JobWatch({
    ...times,
    service: "SeaTunnel",
    look: async (jobIds, signal) => {
      const lists = await listing.fresh(signal);
      const running = new Set(lists.running.map(({ jobId }) => jobId));
      const isGone = jobIds.some((jobId) => !running.has(jobId));
      const finished = isGone ? await lists.finished() : [];
      const ends = new Map(finished.map((job) => [job.jobId, { end: job }]));
      return (jobId) => (running.has(jobId) ? "running" : (ends.get(jobId) ?? "missing"));
    },
    isAway: (error) => error instanceof Unanswered || error instanceof Refused,
    isLost: ({ ms }) => ms >= lostAfterMs,
  });
}
