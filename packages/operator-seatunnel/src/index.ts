export type { Rerun, Secret } from "@tidegate/operator-kit";
export type { PluginConfig, SeaTunnelJob } from "./job/job.js";
export type { SinkRule } from "./job/rerun.js";
export { seatunnelOperator } from "./module.js";
export type { ApiVersion, SeaTunnelCredentials, SeaTunnelOperatorOptions } from "./options.js";
export { createSeaTunnelOperator } from "./seatunnel-operator.js";
