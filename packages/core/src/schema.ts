/**
 * Schemas of schedules and runs, for services that validate or document them at their own endpoints.
 *
 * @module
 */

export { scheduleInfoSchema } from "./schedule/schema.js";
