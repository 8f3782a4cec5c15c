import { type EngineSettings, isPostgres } from "./options.js";
import { openPostgres } from "./postgres/postgres-server.js";
import { openRedis } from "./redis/redis-server.js";
import type { SharedServer } from "./shared-server.js";

/**
 * Returns the server of these settings, without connecting to it.
 *
 * @param onTrouble - called when a connection breaks or cannot be established
 * @throws ConfigurationError CONFIGURATION_INVALID if the package that it needs is not installed
 */
export async function openServer(
  settings: EngineSettings,
  onTrouble: (error: unknown) => void,
): Promise<SharedServer> {
  const { connection } = settings;
  return isPostgres(connection)
    ? openPostgres(connection, settings, onTrouble)
    : openRedis(connection, settings, onTrouble);
}
