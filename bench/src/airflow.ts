import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { dagFactoryFile } from "@tidegate/engine-airflow";
import { AirflowServer } from "@tidegate/test-servers";
import { measureBare } from "./airflow/bare.js";
import { Airflow, PROBE_PERIOD_S, PROBES, STEPS, type Step } from "./airflow/step.js";
import { measureTidegate } from "./airflow/tidegate.js";
import { atMost, type Figure, percentile, rounded } from "./figure.js";
import { waitUntil } from "./setup.js";

/** Goals with so many schedules, ms. */
const GOALS = {
  active: { 10: 5_000, 100: 15_000, 500: 60_000 },
  first: { 10: 15_000, 100: 15_000, 500: 45_000 },
  late: { 10: 3_000, 100: 3_000, 500: 5_000 },
  parse: { 10: 1_500, 100: 5_000, 500: 20_000 },
} as const;

/** A real Airflow with Tidegate's schedules in it, and the same one with a plain file of as many DAGs. */
export async function airflow(): Promise<Figure[]> {
  const server = await AirflowServer.start([dagFactoryFile]);
  try {
    const client = await Airflow.of(server);
    await waitUntil(async () => (await client.parseMs("tidegate.factory")) !== undefined, "the factory");
    const tidegate = await measureTidegate(server, client);
    rmSync(join(server.dagsFolder, basename(dagFactoryFile)));
    const bare = await measureBare(server, client);
    return STEPS.flatMap((count, index) => figuresOf(count, tidegate[index]!, bare[index]!));
  } finally {
    await server.dispose();
  }
}

function figuresOf(count: (typeof STEPS)[number], tidegate: Step, bare: Step): Figure[] {
  const added = count - (STEPS[STEPS.indexOf(count) - 1] ?? 0);
  const late = (step: Step, share: number) => rounded(percentile(step.lateness, share));
  const inAll = `of ${count} schedules`;
  const figure = (id: string, what: string, value: number, reference: string, of: number) => ({
    id: `airflow-${id}-${count}`,
    what,
    value: rounded(value),
    unit: "ms",
    reference: { what: reference, value: rounded(of) },
  });
  return [
    atMost(
      GOALS.active[count],
      figure(
        "active",
        `Airflow, ${added} ${inAll} registered at once: active`,
        tidegate.activeMs,
        "a file with as many DAGs written: seen by Airflow (ms)",
        bare.activeMs,
      ),
    ),
    atMost(
      GOALS.first[count],
      figure(
        "first",
        `Airflow, one more registered beside ${count}: its first callback`,
        tidegate.firstMs,
        "the same file written: the first callback of one (ms)",
        bare.firstMs,
      ),
    ),
    atMost(
      GOALS.late[count],
      figure(
        "lateness",
        `Airflow, ${PROBES} ${inAll} every ${PROBE_PERIOD_S} s: lateness p50 (most ${late(tidegate, 1)} ms)`,
        percentile(tidegate.lateness, 0.5),
        `plain DAGs that post unsigned, p50; most ${late(bare, 1)} (ms)`,
        percentile(bare.lateness, 0.5),
      ),
    ),
    atMost(
      GOALS.parse[count],
      figure(
        "parse",
        `Airflow, the factory file with ${count} schedules: parsed`,
        tidegate.parseMs,
        "a file with as many plain DAGs (ms)",
        bare.parseMs,
      ),
    ),
  ];
}
