import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FlinkServer, RedisServer, SeaTunnelServer } from "@tidegate/test-servers";

/** The servers on which a pipeline runs. */
export interface Servers {
  readonly seatunnelUrl: string;
  readonly flinkUrl: string;
  readonly flinkGatewayUrl: string;
  readonly redisUrl: string;
  /** A folder that all of them see. */
  readonly folder: string;
  readonly dispose: () => Promise<void>;
}

/** The servers that the environment names; those that it does not name are started, and end with the example. */
export async function findServers(env: NodeJS.ProcessEnv): Promise<Servers> {
  const { SEATUNNEL_URL, FLINK_URL, FLINK_GATEWAY_URL, REDIS_URL, LAKE } = env;
  if ((FLINK_URL === undefined) !== (FLINK_GATEWAY_URL === undefined))
    throw new Error("FLINK_URL and FLINK_GATEWAY_URL go together.");
  const started: { dispose(): Promise<void> }[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.dispose()));
  };
  const owned = async <T extends { dispose(): Promise<void> }>(start: Promise<T>): Promise<T> => {
    const server = await start;
    started.push(server);
    return server;
  };
  console.log("Starting the servers that the environment does not name ...");
  try {
    const redisUrl = REDIS_URL ?? urlOf(await owned(RedisServer.start(["--appendonly", "yes"])));
    const seatunnelUrl = SEATUNNEL_URL ?? (await owned(SeaTunnelServer.start())).url;
    const flink =
      FLINK_URL !== undefined && FLINK_GATEWAY_URL !== undefined
        ? { url: FLINK_URL, gatewayUrl: FLINK_GATEWAY_URL }
        : await owned(FlinkServer.start());
    const folder = LAKE ?? mkdtempSync(join(tmpdir(), "tidegate-pipeline-"));
    return {
      ...{ redisUrl, seatunnelUrl, flinkUrl: flink.url, flinkGatewayUrl: flink.gatewayUrl, folder },
      dispose: async () => {
        await dispose();
        if (LAKE === undefined) rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function urlOf({ port }: RedisServer): string {
  return `redis://127.0.0.1:${port}`;
}
