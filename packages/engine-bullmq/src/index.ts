export { BullmqEngine } from "./bullmq-engine.js";
export type { FiredSchedule } from "./definition.js";
export { bullmqEngine } from "./module.js";
export type {
  BullmqConnection,
  BullmqEngineOptions,
  PostgresConnection,
  PostgresDatabase,
  PostgresUrl,
  RedisClusterConnection,
  RedisConnection,
} from "./options.js";
