import { PostgresServer, RedisServer } from "@tidegate/test-servers";
import { atLeast, atMost, type Figure, rounded } from "../figure.js";
import { POSTGRES_SETTINGS } from "../postgres-settings.js";
import { sleep } from "../setup.js";
import { cpuSeconds } from "./cpu.js";
import { Managers } from "./managers.js";

const MILLION = 1_000_000;
const FEW = 1_000;
const FIRES_PER_SECOND = 1_000;
const MEASURED_S = 15;
const MEGABYTE = 1_000_000;

/** Slower than it registers on any machine, schedules for each ms. */
const SLOWEST_PER_MS = 8;

interface Measured {
  readonly registeredPerSecond: number;
  readonly redisMb: number;
  readonly managerMb: number;
  /** Processor time of the manager, Redis and Postgres for each run's whole life, us. */
  readonly cpuPerRunUs: number;
}

/** A manager on BullMQ and Postgres with one million schedules, and with a thousand that fire as often. */
export async function millionManaged(): Promise<Figure[]> {
  const few = await measure(FEW);
  const many = await measure(MILLION);
  return [
    atLeast(5_000, {
      id: "managed-register",
      what: "registerMany of one million schedules, in Postgres and in Redis",
      value: rounded(many.registeredPerSecond),
      unit: "schedules/s",
      reference: { what: `${FEW} schedules (schedules/s)`, value: rounded(few.registeredPerSecond) },
    }),
    atMost(600, {
      id: "managed-redis",
      what: "memory of Redis with one million schedules",
      value: rounded(many.redisMb),
      unit: "MB",
      reference: { what: `with ${FEW} schedules (MB)`, value: rounded(few.redisMb) },
    }),
    atMost(600, {
      id: "managed-memory",
      what: "resident memory of the manager that has registered them and fires",
      value: rounded(many.managerMb),
      unit: "MB",
      reference: { what: `with ${FEW} schedules (MB)`, value: rounded(few.managerMb) },
    }),
    atMost(2, {
      id: "managed-cost",
      what: `processor time of manager, Redis and Postgres for a run's whole life among a million schedules (${rounded(many.cpuPerRunUs)} us) over that among ${FEW}, ${FIRES_PER_SECOND}/s`,
      value: rounded(many.cpuPerRunUs / few.cpuPerRunUs),
      unit: "times",
      reference: { what: `the same among ${FEW} schedules (us)`, value: rounded(few.cpuPerRunUs) },
    }),
  ];
}

async function measure(schedules: number): Promise<Measured> {
  const postgres = await PostgresServer.start(POSTGRES_SETTINGS);
  const redis = await RedisServer.start(["--appendonly", "yes"]);
  const managers = new Managers();
  try {
    const connectionString = await postgres.createDatabase();
    const emptyBytes = await redis.usedMemory();
    await managers.start(1, { connectionString, redisPort: redis.port });
    const startAt = Math.floor(Date.now() / 1_000) * 1_000 + 5_000 + schedules / SLOWEST_PER_MS;
    const tookMs = await managers.register(schedules, (schedules / FIRES_PER_SECOND) * 1_000, startAt);
    const redisMb = ((await redis.usedMemory()) - emptyBytes) / MEGABYTE;
    await sleep(Math.max(0, startAt + 3_000 - Date.now()));
    const work = async (): Promise<{ cpu: number; runs: number }> => {
      const pids = [...(await postgres.pids()), redis.pid ?? 0, ...managers.pids];
      const text = "SELECT count(*) AS runs FROM tidegate.run WHERE state = 'SUCCEEDED'";
      const [row] = await postgres.query<{ runs: string }>(text, connectionString);
      return { cpu: pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0), runs: Number(row?.runs) };
    };
    const before = await work();
    await sleep(MEASURED_S * 1_000);
    const after = await work();
    const [managerBytes = 0] = await managers.memory();
    return {
      registeredPerSecond: (schedules / tookMs) * 1_000,
      redisMb,
      managerMb: managerBytes / MEGABYTE,
      cpuPerRunUs: ((after.cpu - before.cpu) / (after.runs - before.runs)) * 1_000_000,
    };
  } finally {
    await managers.stop();
    await redis.dispose();
    await postgres.dispose();
  }
}
