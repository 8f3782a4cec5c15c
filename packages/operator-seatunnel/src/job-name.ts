import type { ListedJob } from "./rest/listed-job.js";

/** Returns the name of an attempt's job, by which it is found again: SeaTunnel has no keys. */
export function jobName(key: string, attempt: number): string {
  return `tidegate-${key}-${attempt}`;
}

/** Returns the jobs of a run's attempts, latest attempt first. */
export function jobsOf(key: string, jobs: readonly ListedJob[]): ListedJob[] {
  const attemptOf = ({ jobName: name }: ListedJob): number => {
    const prefix = jobName(key, 0).slice(0, -1);
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    return /^[1-9]\d{0,9}$/.test(rest) ? Number(rest) : 0;
  };
  return jobs.filter((job) => attemptOf(job) > 0).sort((one, other) => attemptOf(other) - attemptOf(one));
}
