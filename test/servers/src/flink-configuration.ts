/** Where the parts of a cluster listen, and the folder for all that they write. */
export interface FlinkPlace {
  readonly restPort: number;
  readonly rpcPort: number;
  readonly gatewayPort: number;
  readonly zooKeeperPort: number;
  readonly folder: string;
}

const LOOPBACK = "127.0.0.1";

/**
 * Settings for tests that kill a JobManager: a task manager notices when heartbeats do not come, by default after 50 s. With
 * them a machine that stands still for that long fails all jobs.
 */
export const SHORT_HEARTBEATS: Readonly<Record<string, string>> = {
  "heartbeat.interval": "1000",
  "heartbeat.timeout": "8000",
};

/**
 * The text of a `config.yaml`: all on the loopback, small, and quick to notice that another part came back. Memory is
 * given in full, since Flink's scripts are not there to work it out.
 *
 * @param settings - more of them, or others
 */
export function configurationText(
  { restPort, rpcPort, gatewayPort, folder }: FlinkPlace,
  settings: Readonly<Record<string, string>>,
): string {
  const all: Record<string, string | number> = {
    "jobmanager.rpc.address": LOOPBACK,
    "jobmanager.bind-host": LOOPBACK,
    "jobmanager.rpc.port": rpcPort,
    "jobmanager.execution.failover-strategy": "region",
    "rest.address": LOOPBACK,
    "rest.bind-address": LOOPBACK,
    // Not `rest.bind-port`, which the gateway would take for its own.
    "rest.port": restPort,
    "taskmanager.host": LOOPBACK,
    "taskmanager.bind-host": LOOPBACK,
    "taskmanager.numberOfTaskSlots": 4,
    "taskmanager.cpu.cores": 2,
    "taskmanager.memory.framework.heap.size": "128m",
    "taskmanager.memory.framework.off-heap.size": "128m",
    "taskmanager.memory.task.heap.size": "256m",
    "taskmanager.memory.task.off-heap.size": "0m",
    "taskmanager.memory.managed.size": "128m",
    "taskmanager.memory.network.min": "64m",
    "taskmanager.memory.network.max": "64m",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "taskmanager.memory.jvm-overhead.min": "64m",
    "taskmanager.memory.jvm-overhead.max": "64m",
    "parallelism.default": 1,
    // A task manager whose job manager is gone looks for another, by default every 30 s.
    "cluster.registration.max-timeout": 500,
    "cluster.registration.error-delay": 500,
    "cluster.registration.refused-registration-delay": 500,
    "sql-gateway.endpoint.type": "rest",
    "sql-gateway.endpoint.rest.address": LOOPBACK,
    "sql-gateway.endpoint.rest.bind-address": LOOPBACK,
    "sql-gateway.endpoint.rest.port": gatewayPort,
    "sql-gateway.endpoint.rest.bind-port": gatewayPort,
    "table.catalog-store.kind": "file",
    "table.catalog-store.file.path": `${folder}/catalogs`,
    "io.tmp.dirs": `${folder}/tmp`,
    "web.upload.dir": `${folder}/uploads`,
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** Has the JobManager keep its jobs in the ZooKeeper. */
export function highAvailability({ zooKeeperPort, rpcPort, folder }: FlinkPlace): Record<string, string> {
  return {
    "high-availability.type": "zookeeper",
    "high-availability.zookeeper.quorum": `${LOOPBACK}:${zooKeeperPort}`,
    "high-availability.storageDir": `file://${folder}/ha`,
    "high-availability.jobmanager.port": String(rpcPort),
    // That one that was killed is gone is known when its session has ended, by default after a minute.
    "high-availability.zookeeper.client.session-timeout": "4000",
  };
}

/** The text of a ZooKeeper's `zoo.cfg`. */
export function zooKeeperText({ zooKeeperPort, folder }: FlinkPlace): string {
  const all = {
    dataDir: `${folder}/zookeeper`,
    clientPort: zooKeeperPort,
    clientPortAddress: LOOPBACK,
    "admin.enableServer": false,
    // Nobody cuts the power of a test, and a slow disk would hold up all who wait for an answer.
    forceSync: "no",
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/**
 * Sends the gateway's calls of its own workflow scheduler to another service on the loopback: the gateway listens at its
 * `bind-port`, and calls the scheduler at its `port`.
 */
export function schedulerSettings(port: number | undefined): Readonly<Record<string, string>> {
  if (port === undefined) return {};
  return { "workflow-scheduler.type": "embedded", "sql-gateway.endpoint.rest.port": String(port) };
}
