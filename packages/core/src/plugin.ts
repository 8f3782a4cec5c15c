/**
 * Reading a plugin's options and errors.
 *
 * @module
 */

export { messageOf } from "./errors/errors.js";
export { baseUrl, httpUrl, LONGEST_TIMER_MS, wholeNumber } from "./options/option-schemas.js";
export { parseOptions, unfitOption } from "./options/parse-options.js";
