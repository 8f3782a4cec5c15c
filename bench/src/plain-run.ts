import type { Profiler } from "node:inspector";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import type { ScheduleInfo } from "@tidegate/core";
import { SqliteStore } from "@tidegate/store-sqlite";
import { atLeast, type Figure, rounded } from "./figure.js";
import { secondly } from "./offered.js";
import { assemble, noopOperator, registerAll, sleep, temporaryDirectory } from "./setup.js";

/** Runs that are offered a second: what a slow machine carries out, too. */
const PER_SECOND = 2_000;
const SECONDS = 20;

/** Time between two samples, microseconds. */
const SAMPLE_US = 250;

/** Folders and files that exist for runs which wait for something: gates, dependencies, probes, stale runs, late data. */
const READINESS =
  /\/(core\/dist\/(gates?|dependency|probes?|late)\/|core\/dist\/(schedule\/(gates-of|not-before|dependencies-of)|run\/gating|store\/gate-queue|upkeep\/stale-keeper)\.js|store-sqlite\/dist\/(gates|inputs|sleepers|missing-time|late)\.js)/;

/**
 * Measures what runs without gates and dependencies pay for those that have some: the share of their CPU that is spent
 * outside of the code which exists for them. In one process and by CPU: the rates of two runs of a benchmark differ by
 * more than this. Beside it, runs that go through a gate show that the code is found.
 */
export async function plainRun(): Promise<Figure[]> {
  const plain = await shareOutside(secondly(PER_SECOND));
  const gated = await shareOutside(
    secondly(PER_SECOND / 4).map((info) => ({ ...info, notBefore: { afterMs: 1 } })),
  );
  return [
    atLeast(0.97, {
      id: "readiness-plain",
      what: "share of the CPU of runs without gates that is spent outside of the code of gates, dependencies, probes and late data",
      value: rounded(plain),
      unit: "times",
      reference: { what: "the same for runs with a gate", value: rounded(gated) },
    }),
  ];
}

async function shareOutside(infos: readonly ScheduleInfo[]): Promise<number> {
  const directory = temporaryDirectory();
  const operator = noopOperator();
  const tidegate = assemble(new SqliteStore({ path: join(directory.path, "tidegate.db") }), operator);
  const session = new Session();
  session.connect();
  try {
    await tidegate.start();
    await registerAll(tidegate, infos);
    while (operator.count === 0) await sleep(20);
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: SAMPLE_US });
    await session.post("Profiler.start");
    await sleep(SECONDS * 1_000);
    const { profile } = await session.post("Profiler.stop");
    const { busy, readiness } = timesOf(profile);
    return 1 - readiness / busy;
  } finally {
    session.disconnect();
    await tidegate.stop();
    directory.remove();
  }
}

/** Returns how long a process was busy, and how long within code for runs that wait, whatever that called, microseconds. */
function timesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): {
  busy: number;
  readiness: number;
} {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const isReadiness = (id: number): boolean => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at))
      if (READINESS.test(byId.get(at)!.callFrame.url)) return true;
    return false;
  };
  const known = new Map(nodes.map(({ id }) => [id, isReadiness(id)]));
  let [busy, readiness] = [0, 0];
  for (const [index, id] of samples.entries()) {
    if (byId.get(id)!.callFrame.functionName === "(idle)") continue;
    busy += timeDeltas[index]!;
    if (known.get(id)!) readiness += timeDeltas[index]!;
  }
  return { busy, readiness };
}
