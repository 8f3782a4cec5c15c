export type { PluginConfig, Rerun, SeaTunnelJob } from "./job/job.js";
export type { SinkRule } from "./job/rerun.js";
export type { Secret } from "./job/secrets.js";
export { seatunnelOperator } from "./module.js";
export type { ApiVersion, SeaTunnelCredentials, SeaTunnelOperatorOptions } from "./options.js";
export { SeaTunnelOperator } from "./seatunnel-operator.js";
