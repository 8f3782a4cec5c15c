import { readFileSync } from "node:fs";

/** What the kernel counts processor time in, for programs to read. */
const TICKS_PER_SECOND = 100;

/** Processor time that a process has used so far, s; 0 where it is gone or the system has no `/proc`. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the name, which may have spaces: the 12th and 13th are user and system time.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** Processor time that a process has used so far, us, exactly: not in ticks of the clock. Linux only. */
export function exactCpuUs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1_000;
}
