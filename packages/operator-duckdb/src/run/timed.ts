import type { Surroundings } from "./surroundings.js";

/** Does a step of a job, and logs how long it took. */
export async function timed<T>(
  { log, settings: { clock } }: Surroundings,
  step: string,
  work: () => Promise<T>,
): Promise<T> {
  const begun = clock.monotonicNow();
  const tookMs = (): string => Math.round(clock.monotonicNow() - begun).toLocaleString("en-US");
  try {
    const result = await work();
    log(`${step}: done in ${tookMs()} ms`);
    return result;
  } catch (error) {
    log(`${step}: ended after ${tookMs()} ms`);
    throw error;
  }
}
