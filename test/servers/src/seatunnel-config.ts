import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where its configuration is. */
export interface SeaTunnelConfig {
  readonly hazelcast: string;
  readonly seatunnel: string;
  readonly log4j: string;
}

/** Writes the configuration of a server that is alone on the loopback, and logs and keeps all in `folder`. */
export function writeConfig(folder: string, port: number): SeaTunnelConfig {
  return {
    hazelcast: written(folder, "hazelcast.yaml", hazelcast(port)),
    seatunnel: written(folder, "seatunnel.yaml", seatunnel(join(folder, "checkpoints"))),
    log4j: written(folder, "log4j2.properties", LOG4J),
  };
}

function written(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text.trimStart());
  return file;
}

const hazelcast = (port: number) => `
hazelcast:
  cluster-name: tidegate-test-${port}
  network:
    rest-api:
      enabled: true
      endpoint-groups:
        CLUSTER_WRITE: { enabled: true }
        DATA: { enabled: true }
    interfaces: { enabled: true, interfaces: [127.0.0.1] }
    join:
      tcp-ip: { enabled: true, member-list: ["127.0.0.1:${port}"] }
    port: { auto-increment: false, port: ${port} }
  properties:
    hazelcast.socket.bind.any: false
    hazelcast.phone.home.enabled: false
    hazelcast.logging.type: log4j2
    hazelcast.operation.generic.thread.count: 8
`;

const seatunnel = (checkpoints: string) => `
seatunnel:
  engine:
    history-job-expire-minutes: 60
    backup-count: 0
    queue-type: blockingqueue
    print-execution-info-interval: 60
    print-job-metrics-info-interval: 60
    slot-service: { dynamic-slot: true }
    checkpoint:
      interval: 10000
      timeout: 60000
      storage:
        type: localfile
        max-retained: 3
        plugin-config: { namespace: "${checkpoints}" }
`;

const LOG4J = `
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %-5p %c{1} - %m%n
`;
