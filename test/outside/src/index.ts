export { type BedOptions, NEVER_MS, OutsideBed } from "./bed.js";
export { type Answer, Door, type Knock } from "./door.js";
export { ManagerDoor } from "./manager-door.js";
export { scheduleOf, specOf } from "./schedules.js";
export { SECRET } from "./secret.js";
