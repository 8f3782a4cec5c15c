export { coverOf, type GroupCover } from "./cover.js";
export type { EventsOptions } from "./events.js";
export { type ClientOptions, ManagerClient } from "./manager-client.js";
export {
  type ClientErrorCode,
  ManagerError,
  type ManagerErrorDetails,
  type ServiceErrorCode,
} from "./manager-error.js";
export type { DeadlineQuery, LateQuery, RunQuery, ScheduleQuery } from "./queries.js";
export { readSizeText } from "./read-size.js";
export type { EngineInfo, OperatorInfo, Role, StoreDescription, SystemInfo } from "./system.js";
