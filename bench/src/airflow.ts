import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { ScheduleInfo } from "@tidegate/core";
import { AirflowEngine, dagFactoryFile } from "@tidegate/engine-airflow";
import { AirflowServer } from "@tidegate/test-servers";
import { Airflow } from "./airflow/airflow-client.js";
import { measureBare } from "./airflow/bare.js";
import { atMost, type Figure, percentile, rounded } from "./figure.js";
import { PROBE_PERIOD_S, PROBES, STEPS, type Step } from "./foreign/step.js";
import { measureTidegate, SECRET } from "./foreign/tidegate.js";
import { waitUntil } from "./setup.js";

/** Goals with so many schedules, ms. */
const GOALS = {
  active: { 10: 5_000, 100: 15_000, 500: 60_000 },
  first: { 10: 15_000, 100: 15_000, 500: 45_000 },
  late: { 10: 3_000, 100: 3_000, 500: 5_000 },
  parse: { 10: 1_500, 100: 5_000, 500: 20_000 },
} as const;

const DAY = 86_400_000;

/** What a machine that is busy takes is to be measured, not refused, ms. */
const PATIENCE = { dagFactoryTimeoutMs: 120_000, requestTimeoutMs: 60_000 };

/** A step, and how long Airflow took to parse the file, ms. */
type ParsedStep = Step & { readonly parseMs: number };

/** A real Airflow with Tidegate's schedules in it, and the same one with a plain file of as many DAGs. */
export async function airflow(): Promise<Figure[]> {
  const server = await AirflowServer.start([dagFactoryFile]);
  try {
    const client = await Airflow.of(server);
    await waitUntil(async () => (await client.parseMs("tidegate.factory")) !== undefined, "the factory");
    const parses: number[] = [];
    const look = (dagId: string) => async () => {
      parses.push((await client.parseMs(dagId))!);
    };
    const { url, username, password } = server;
    const engineAt = (callbackUrl: string) =>
      new AirflowEngine({
        url,
        username,
        password,
        callback: { url: callbackUrl, secret: SECRET },
        ...PATIENCE,
      });
    const withParses = (steps: Step[]): ParsedStep[] =>
      steps.map((step) => ({ ...step, parseMs: parses.shift()! }));
    const afterStep = look("tidegate.factory");
    const tidegate = withParses(
      await measureTidegate({ engineType: "airflow", engineAt, first: dueAtOnce, afterStep }),
    );
    rmSync(join(server.dagsFolder, basename(dagFactoryFile)));
    const bare = withParses(await measureBare(server, client, look("bare_0")));
    return STEPS.flatMap((count, index) => figuresOf(count, tidegate[index]!, bare[index]!));
  } finally {
    await server.dispose();
  }
}

/** One whose first interval is over: Airflow makes up for the latest time. */
function dueAtOnce(count: number): ScheduleInfo {
  const startTime = Math.floor(Date.now() / DAY) * DAY - DAY;
  return { groupId: `first-${count}`, trigger: { type: "period", every: 1, unit: "day" }, startTime };
}

function figuresOf(count: (typeof STEPS)[number], tidegate: ParsedStep, bare: ParsedStep): Figure[] {
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
