import { type EngineSettings, isPostgres } from "./options.js";
import { openPostgres } from "./postgres/postgres-server.js";
import { openRedis } from "./redis/redis-server.js";
import type { SharedServer } from "./shared-server.js";

/**
 * The server of these settings. Resolves without reaching it.
 *
 * @param onTrouble - is told when a connection breaks or does not come about
 * @throws ConfigurationError CONFIGURATION_INVALID when the package that it takes is not installed
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
