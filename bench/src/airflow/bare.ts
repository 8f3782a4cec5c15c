import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AirflowServer } from "@tidegate/test-servers";
import { listen } from "../foreign/listener.js";
import { latenessOf, PROBE_PERIOD_S, PROBES, STEPS, type Step, type Tick } from "../foreign/step.js";
import { waitUntil } from "../setup.js";
import type { Airflow } from "./airflow-client.js";

/** What one would write without Tidegate: a file with as many DAGs, whose tasks post unsigned to a server that does nothing. */
export async function measureBare(
  server: AirflowServer,
  airflow: Airflow,
  afterStep: () => Promise<void>,
): Promise<Step[]> {
  const listener = await listen();
  const steps: Step[] = [];
  for (const count of STEPS) {
    const began = Date.now();
    writeFileSync(join(server.dagsFolder, "bare.py"), bareFile(listener.url, count));
    const isFirst = ({ name }: Tick) => name === `bare_first_${count}`;
    await waitUntil(async () => (await airflow.count("bare_")) > count, "the plain DAGs");
    const activeMs = Date.now() - began;
    await waitUntil(() => listener.ticks.some(isFirst), "the first callback");
    const firstMs = listener.ticks.find(isFirst)!.at - began;
    steps.push({ activeMs, firstMs, lateness: await latenessOf(listener.ticks) });
    await afterStep();
  }
  await listener.close();
  return steps;
}

/** The probes, one that is due at once, and idle ones to the number of the step. */
function bareFile(url: string, count: number): string {
  return `
import json
import urllib.request
from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, task
from airflow.timetables.trigger import CronTriggerTimetable


def post(dag_id, context):
    tick = context["dag_run"].run_after.timestamp() * 1000
    body = json.dumps({"name": dag_id, "tick": round(tick)}).encode()
    urllib.request.urlopen(urllib.request.Request("${url}", data=body), timeout=30).read()


def build(dag_id, cron, start):
    with DAG(dag_id, schedule=CronTriggerTimetable(cron, timezone="UTC"), start_date=start, catchup=False,
             is_paused_upon_creation=False, max_active_runs=1) as dag:
        @task
        def fire(**context):
            post(dag_id, context)

        fire()
    return dag


now = datetime.now(timezone.utc)
for n in range(${count}):
    if n < ${PROBES}:
        seconds = ",".join(str(n * ${PROBE_PERIOD_S / PROBES} + at) for at in range(0, 60, ${PROBE_PERIOD_S}))
        globals()[f"bare_{n}"] = build(f"bare_{n}", f"* * * * * {seconds}", datetime(2026, 1, 1, tzinfo=timezone.utc))
    else:
        globals()[f"bare_{n}"] = build(f"bare_{n}", "0 0 1 1 *", datetime(2100, 1, 1, tzinfo=timezone.utc))
first = "bare_first_${count}"
globals()[first] = build(first, "0 0 * * *", datetime(2026, 1, 1, tzinfo=timezone.utc))
`;
}
