import { type BackendFactory, type PgPool, PostgresQueueBackend, type QueueBaseOptions } from "bullmq";
import { addressesIn, type EngineSettings, type PostgresConnection, schemaOf } from "../options.js";
import type { BullmqLink, SharedServer } from "../shared-server.js";
import { Database } from "./database.js";
import { PatientConnection } from "./patient-connection.js";
import { PostgresScheduleTable } from "./postgres-schedule-table.js";

/**
 * Opens Postgres: one pool for the table, the queue and the worker, which keeps one of its connections for
 * notifications.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID if the package `pg` is not installed
 */
export async function openPostgres(
  connection: PostgresConnection,
  settings: EngineSettings,
  onTrouble: (error: unknown) => void,
): Promise<SharedServer> {
  const schema = schemaOf(settings);
  const database = await Database.open({
    addresses: addressesIn(connection),
    pool: typeof connection === "string" ? {} : connection.postgres,
    schema,
    timeoutMs: settings.commandTimeoutMs,
    onTrouble,
  });
  const backend: BackendFactory<PostgresQueueBackend, object> = (
    name,
    options,
    { withBlockingConnection } = {},
  ) =>
    new PostgresQueueBackend(
      new PatientConnection(database, onTrouble),
      name,
      options as QueueBaseOptions<PgPool>,
      true,
      withBlockingConnection ? name : undefined,
    );
  const link: BullmqLink = {
    options: { connection: database.pool },
    backend,
    isAlive: () => database.isAlive(),
    close: () => {},
  };
  // Workers are notified by this name throughout the database, whatever their schema.
  const queueName = `${schema}.calls`;
  return {
    name: "Postgres",
    table: new PostgresScheduleTable(database, settings, queueName),
    queueName,
    linkQueue: () => link,
    linkWorker: () => link,
    weaknesses: async () => [],
    close: () => database.close().catch(onTrouble),
  };
}
