import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { PostgresStore } from "@tidegate/store-postgres";
import { PostgresServer } from "@tidegate/test-servers";
import { atMost, type Figure, percentile, rounded } from "../figure.js";
import { assemble, noopOperator, registerAll, sleep } from "../setup.js";
import type { HeardEvent } from "./readers.js";

const STREAMS = 1_000;
const RATE = 200;
const SECONDS = 10;
const NEVER = Date.UTC(2126, 0, 1);

/**
 * Streams of one manager on Postgres hear of what another one writes: from the commit to the receipt, by all
 * streams, and what the streams cost the manager.
 */
export async function eventsLoad(): Promise<Figure[]> {
  const server = await PostgresServer.start();
  const url = await server.createDatabase();
  const writer = assemble(new PostgresStore({ connectionString: url }), noopOperator());
  await writer.start();
  const groups = Array.from({ length: RATE * SECONDS * 2 }, (_, n) => `group-${n}`);
  await registerAll(
    writer,
    groups.map((groupId) => ({
      groupId,
      trigger: { type: "once", at: NEVER },
      job: {},
    })),
  );
  await sleep(3_000);
  const manager = child("manager.js", url);
  const { url: address } = (await said(manager)) as { url: string };
  const half = groups.length / 2;
  const cpuOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = await asked<{ cpuMs: number }>(manager);
    const began = performance.now();
    await work();
    const after = await asked<{ cpuMs: number }>(manager);
    return (after.cpuMs - before.cpuMs) / (performance.now() - began);
  };
  const writtenAt = new Map<string, number>();
  // Emitted when it is durable.
  writer.events.on("schedule-status", ({ groupId }) => {
    writtenAt.set(groupId, performance.timeOrigin + performance.now());
  });
  const write = async (some: readonly string[]): Promise<void> => {
    const began = performance.now();
    const writes: Promise<unknown>[] = [];
    for (const [n, group] of some.entries()) {
      const ahead = (n * 1_000) / RATE - (performance.now() - began);
      if (ahead > 0) await sleep(ahead);
      writes.push(writer.client.pause(group));
    }
    await Promise.all(writes);
  };
  const idle = await cpuOf(() => write(groups.slice(0, half)));
  const readers = child("readers.js", address, String(STREAMS));
  await said(readers);
  await sleep(2_000);
  const began = performance.now();
  const busy = await cpuOf(() => write(groups.slice(half)));
  const spentMs = (busy - idle) * (performance.now() - began);
  await sleep(1_000);
  const { heard } = await asked<{ heard: HeardEvent[] }>(readers);
  const firstOf = new Map(
    heard.toReversed().flatMap(({ groupIds, times }) => groupIds.map((id) => [id, times])),
  );
  const lags = groups.slice(half).flatMap((group) => {
    const times = firstOf.get(group) ?? [];
    const missed = Array.from({ length: STREAMS - times.length }, () => Number.POSITIVE_INFINITY);
    return [...times.map((at) => at - writtenAt.get(group)!), ...missed];
  });
  const received = heard.reduce((sum, { times }) => sum + times.length, 0);
  readers.kill();
  manager.kill();
  await writer.stop();
  await server.dispose();
  return [
    atMost(300, {
      id: "events-lag",
      what: `p99 from commit to receipt by ${STREAMS} streams of another manager, ${RATE} groups/s`,
      value: rounded(percentile(lags, 0.99)),
      unit: "ms",
      reference: { what: "median (ms)", value: rounded(percentile(lags, 0.5)) },
    }),
    atMost(10, {
      id: "events-load",
      what: `more of a core that ${STREAMS} streams cost their manager`,
      value: rounded((busy - idle) * 100),
      unit: "%",
      reference: {
        what: "microseconds for each event and stream",
        value: rounded((spentMs * 1_000) / received),
      },
    }),
  ];
}

function child(module: string, ...args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(module, import.meta.url)), args);
}

async function said(process: ChildProcess): Promise<unknown> {
  return (await once(process, "message"))[0] as unknown;
}

async function asked<T>(process: ChildProcess): Promise<T> {
  process.send("?");
  return (await said(process)) as T;
}
