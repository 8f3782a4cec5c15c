export { isReadOnly, isRefusedLogin, openPool, postgresCode } from "./pool.js";
