export { type CoverageProbeOptions, coverageProbe } from "./coverage/coverage-probe.js";
export { type FileProbeOptions, fileProbe } from "./file/file-probe.js";
export { type HttpProbeOptions, type HttpService, httpProbe } from "./http/http-probe.js";
export { type KafkaCluster, type KafkaProbeOptions, kafkaProbe } from "./kafka/kafka-probe.js";
export { defineProbe, type ProbeCall, type ProbeDefinition } from "./kit/define-probe.js";
export { InvalidSpec } from "./kit/invalid-spec.js";
export { template } from "./kit/template.js";
export { type SqlDatabase, type SqlProbeOptions, sqlProbe } from "./sql/sql-probe.js";
