export { isReadOnly, isRefusedLogin, openPool, postgresCode } from "./pool.js";
export { SilenceWatch } from "./silence.js";
