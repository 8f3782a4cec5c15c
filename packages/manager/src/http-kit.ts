/**
 * Parts of the manager for other services around a Tidegate instance: the same errors, logs and servers.
 *
 * @module
 */

export { answerRefusal, type ErrorBody } from "./errors/answer-error.js";
export { HttpError, type HttpErrorDetails, type ServiceErrorCode } from "./errors/http-error.js";
export { type AllowList, allowListOf, LOOPBACK } from "./guard/allow-list.js";
export { Listener } from "./listener.js";
export { loggerOf, RequestLog } from "./logging.js";
export { named } from "./named.js";
