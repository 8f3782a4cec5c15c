/**
 * Triggers and the grid of intervals that they cut.
 *
 * @module
 */

export { type DueIntervals, Grid, type GridSpec, type NominalInterval } from "./schedule/grid.js";
export { compileTrigger } from "./trigger/compile.js";
export { CronTrigger } from "./trigger/cron/cron-trigger.js";
export type { DayMask, DayRule, MonthDayPart, WeekdayPart } from "./trigger/cron/day-rule.js";
export type { CronFields } from "./trigger/cron/parse.js";
export { type DstNote, dstNotes } from "./trigger/dst-notes.js";
export type { Trigger } from "./trigger/trigger.js";
export { tzdataVersion } from "./trigger/zone/zone.js";
