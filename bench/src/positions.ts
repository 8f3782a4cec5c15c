import { join } from "node:path";
import { createTidegate, type ScheduleInfo } from "@tidegate/core";
import type { FireSink, ScheduleEngine } from "@tidegate/core/engine";
import type { OffsetBoundsContext, OffsetProvider, OffsetVector } from "@tidegate/core/offset";
import type { ScheduleStore } from "@tidegate/core/store";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atLeast, atMost, type Figure, percentile, rounded } from "./figure.js";
import { noopOperator, registerAll, temporaryDirectory } from "./setup.js";

const PARTITIONS = 1_000;
const PLANS = 200;
const GROUPS = 2_000;
const ROUNDS = 10;
const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);

const BY_POSITIONS = {
  boundaryType: "OFFSET",
  source: { type: "topic" },
  startAt: "earliest",
} as const satisfies Partial<ScheduleInfo>;

/** Planning by positions: its cost beside the provider's own answer, and whole lives beside those by time. */
export async function positions(): Promise<Figure[]> {
  return [await planning(), await lives()];
}

/** A topic that has grown in each partition at each look, and how long its answers took. */
class Topic implements OffsetProvider {
  readonly sourceType = "topic";
  readonly #names: readonly string[];
  #end = 0;
  answeredMs = 0;

  constructor(partitions: number) {
    this.#names = Array.from({ length: partitions }, (_, name) => String(name));
  }

  async bounds(_source: unknown, { now }: OffsetBoundsContext) {
    const began = performance.now();
    this.#end += 1;
    const answer = { earliest: this.#at(0), latest: this.#at(this.#end), incarnation: "topic", at: now };
    this.answeredMs += performance.now() - began;
    return answer;
  }

  compare(_partition: string, a: string, b: string): number {
    return Number(a) - Number(b);
  }

  #at(position: number): OffsetVector {
    const text = String(position);
    const vector: Record<string, string> = {};
    for (const name of this.#names) vector[name] = text;
    return vector;
  }
}

/** An engine that fires only when the benchmark does. */
class HandEngine implements ScheduleEngine {
  readonly engineType = "hand";
  readonly capabilities = { finestPeriodMs: 1_000, holdsDefinitions: false };
  sink!: FireSink;

  async start({ sink }: { readonly sink: FireSink }): Promise<void> {
    this.sink = sink;
  }

  async stop(): Promise<void> {}
  async handleRegister(): Promise<void> {}
  async handleUnregister(): Promise<void> {}
  async handleUpdate(): Promise<void> {}

  async *list() {}
}

/** A manager whose time the benchmark moves, and what it has done. */
async function bedOn(store: ScheduleStore, topic: Topic) {
  const operator = Object.assign(noopOperator(), { boundaryTypes: ["TIME", "OFFSET"] as const });
  const [clock, engine] = [new VirtualClock({ start: START }), new HandEngine()];
  const tidegate = createTidegate({
    store,
    clock,
    engines: [engine],
    operators: [operator],
    offsetProviders: [topic],
    watchdogEveryMs: 1_000 * HOUR_MS,
    reconcileEveryMs: 1_000 * HOUR_MS,
    dispatcher: { maxConcurrentRuns: 4_000 },
  });
  tidegate.events.on("trouble", (trouble) => console.error(trouble));
  await tidegate.start();
  /** Fires groups for an hour, and resolves once all their runs have ended and everyone has been told. */
  const live = async (groupIds: readonly string[], hour: number): Promise<void> => {
    const scheduledTime = START + hour * HOUR_MS;
    clock.set(scheduledTime);
    const wanted = operator.count + groupIds.length;
    await engine.sink.fire(groupIds.map((groupId) => ({ groupId, scheduledTime })));
    while (operator.count < wanted || (await isActive())) await new Promise((next) => setImmediate(next));
    // Else the groups whose ends are told after the next hour has begun are planned twice: by that, and by their fires.
    await clock.settle();
  };
  const isActive = async (): Promise<boolean> =>
    (await store.listRuns({ isJobOpen: true }, { limit: 1 })).items.length > 0;
  return { tidegate, engine, clock, live };
}

function hourly(groupId: string, more: Partial<ScheduleInfo> = {}): ScheduleInfo {
  const trigger = { type: "period", every: 1, unit: "hour" } as const;
  return { groupId, trigger, startTime: START, ...more };
}

/** One fire after the other of a topic with many partitions. */
async function planning(): Promise<Figure> {
  const topic = new Topic(PARTITIONS);
  const { tidegate, engine, clock } = await bedOn(new MemoryStore(), topic);
  await tidegate.client.register(hourly("topic", { ...BY_POSITIONS, overlap: "allow" }));
  const times: number[] = [];
  for (let hour = 1; hour <= PLANS; hour += 1) {
    const scheduledTime = START + hour * HOUR_MS;
    clock.set(scheduledTime);
    const answered = topic.answeredMs;
    const began = performance.now();
    const [result] = await engine.sink.fire([{ groupId: "topic", scheduledTime }]);
    times.push(performance.now() - began - (topic.answeredMs - answered));
    if (result?.outcome !== "planned") throw new Error(`hour ${hour} was ${result?.outcome}`);
    await clock.settle();
  }
  return atMost(5, {
    id: "offset-plan",
    what: `planning a run of a topic of ${PARTITIONS} partitions, beyond the provider's answer`,
    value: rounded(percentile(times, 0.5)),
    unit: "ms",
    reference: { what: "the provider's answer (ms)", value: rounded(topic.answeredMs / PLANS) },
  });
}

/** Whole durable lives of many groups at once on SQLite, by positions and by time in turn. */
async function lives(): Promise<Figure> {
  const directory = temporaryDirectory();
  const { tidegate, live } = await bedOn(
    new SqliteStore({ path: join(directory.path, "tidegate.db") }),
    new Topic(1),
  );
  const groups = (kind: string): string[] => Array.from({ length: GROUPS }, (_, n) => `${kind}-${n}`);
  const [byTime, byPositions] = [groups("time"), groups("positions")];
  await registerAll(
    tidegate,
    byTime.map((groupId) => hourly(groupId)),
  );
  await registerAll(
    tidegate,
    byPositions.map((groupId) => hourly(groupId, BY_POSITIONS)),
  );
  const spent = { time: 0, positions: 0 };
  for (let hour = 0; hour <= ROUNDS; hour += 1) {
    const began = cpuMs();
    await live(byTime, hour + 1);
    const between = cpuMs();
    await live(byPositions, hour + 1);
    // The first hour compiles what both have in common, and that at the cost of the one that comes first.
    if (hour === 0) continue;
    spent.time += between - began;
    spent.positions += cpuMs() - between;
  }
  directory.remove();
  const rate = (ms: number): number => (GROUPS * ROUNDS * 1_000) / ms;
  return atLeast(0.8, {
    id: "offset-life",
    what: "whole durable lives of runs by positions, as a share of those by time, by processor time",
    value: rounded(spent.time / spent.positions),
    unit: "",
    reference: {
      what: "lives by time in the same run (runs per second of a processor)",
      value: rounded(rate(spent.time)),
    },
  });
}

/** The processor time of this process, ms: what else the machine does is not in it. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
