/**
 * The clock that everything in Tidegate goes by.
 *
 * @module
 */

export type { Clock, ClockTimer } from "./clock/clock.js";
export { pause } from "./clock/pause.js";
export { SystemClock } from "./clock/system-clock.js";
export { unlessAborted } from "./clock/unless-aborted.js";
