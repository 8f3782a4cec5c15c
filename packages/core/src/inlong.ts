/**
 * InLong's schedules, read and written.
 *
 * @module
 */

export { type FromInlongOptions, fromInlong, type InlongScheduleInfo, toInlong } from "./schedule/inlong.js";
