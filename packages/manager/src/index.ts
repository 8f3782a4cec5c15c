export type { CallbackCredentials } from "./callback/caller.js";
export { outsideEngine } from "./callback/outside-engine.js";
export type { ErrorBody } from "./errors/answer-error.js";
export type { ConnectionError } from "./errors/connection-error.js";
export type { ServiceErrorCode } from "./errors/http-error.js";
export { createManager, type ListenAddress, type Manager } from "./manager.js";
export type { ManagerOptions } from "./options.js";
export type { Authorize } from "./rest/authorize.js";
export { serverOptions } from "./server-options.js";
