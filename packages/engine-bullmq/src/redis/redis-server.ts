import { createRedisBackend } from "bullmq";
import { within } from "../deadline.js";
import type { EngineSettings, RedisConnection } from "../options.js";
import { type BullmqLink, LOOK_AGAIN_S, type SharedServer } from "../shared-server.js";
import { openImpatient, openPatient, type RedisClient } from "./connection.js";
import { readSettings, weaknessesOf } from "./durability.js";
import { hashTag, QUEUE_NAME } from "./keys.js";
import { RedisScheduleTable } from "./redis-schedule-table.js";

/** Longer than a worker waits for a call at a time, ms. */
const LONGEST_WAIT_MS = 2_000 * LOOK_AGAIN_S;

/** Opens Redis: one connection for the table and the queue, and one more for each worker. */
export function openRedis(
  connection: RedisConnection,
  settings: EngineSettings,
  onTrouble: (error: unknown) => void,
): SharedServer {
  const { prefix, commandTimeoutMs } = settings;
  const link = (client: RedisClient, close: () => void): BullmqLink => ({
    // An event reports what BullMQ would print about the server.
    options: { connection: client, prefix: hashTag(prefix), skipVersionCheck: true },
    backend: createRedisBackend,
    isAlive: () => isAlive(client, commandTimeoutMs),
    close,
  });
  const client = openImpatient(connection, { silenceMs: commandTimeoutMs });
  client.on("error", onTrouble);
  return {
    name: "Redis",
    table: new RedisScheduleTable(client, settings),
    queueName: QUEUE_NAME,
    linkQueue: () => link(client, () => {}),
    linkWorker: () => {
      const own = openPatient(connection, { silenceMs: Math.max(commandTimeoutMs, LONGEST_WAIT_MS) });
      own.on("error", onTrouble);
      return link(own, () => own.disconnect());
    },
    weaknesses: async () => weaknessesOf(await within("Redis", commandTimeoutMs, readSettings(client))),
    close: async () => client.disconnect(),
  };
}

async function isAlive(client: RedisClient, timeoutMs: number): Promise<boolean> {
  if (client.status !== "ready") return false;
  try {
    await within("Redis", timeoutMs, client.ping());
    return true;
  } catch {
    return false;
  }
}
