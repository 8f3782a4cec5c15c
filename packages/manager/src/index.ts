export type { DoorCredentials } from "./door/caller.js";
export { outsideEngine } from "./door/outside-engine.js";
export type { ErrorBody } from "./errors/answer-error.js";
export type { ServiceErrorCode } from "./errors/http-error.js";
export { createManager, type ListenAddress, type Manager } from "./manager.js";
export type { ManagerOptions } from "./options.js";
export type { Authorize } from "./rest/authorize.js";
export { serverOptions } from "./server-options.js";
