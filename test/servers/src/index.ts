export { AirflowServer } from "./airflow-server.js";
export { DolphinServer } from "./dolphin-server.js";
export { type FlinkExtras, type FlinkPart, FlinkServer } from "./flink-server.js";
export { freePort } from "./free-port.js";
export { copyArtifacts, maven } from "./maven.js";
export { PostgresServer } from "./postgres-server.js";
export { RedisServer } from "./redis-server.js";
export { SeaTunnelServer } from "./seatunnel-server.js";
export { TcpProxy } from "./tcp-proxy.js";
