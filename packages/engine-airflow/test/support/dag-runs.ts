import type { AirflowRest } from "../../src/rest/airflow-rest.js";

/** A DAG run as Airflow tells of it. */
export interface DagRun {
  readonly dag_run_id: string;
  readonly logical_date: string;
  readonly run_type: string;
  readonly state: string;
}

/** The DAG runs of a DAG, by the time that they are for. */
export async function dagRunsOf(rest: AirflowRest, dagId: string): Promise<readonly DagRun[]> {
  const query = { order_by: "logical_date", limit: 100 };
  const { body } = await rest.request<{ dag_runs: readonly DagRun[] }>("GET", `/dags/${dagId}/dagRuns`, {
    query,
  });
  return body.dag_runs;
}

/** What "Clear" does to a DAG run. */
export async function clear(rest: AirflowRest, dagId: string, runId: string): Promise<void> {
  const path = `/dags/${dagId}/dagRuns/${encodeURIComponent(runId)}/clear`;
  await rest.request("POST", path, { body: { dry_run: false } });
}

/** What "Backfill" does to a range, both ends included. */
export async function backfill(rest: AirflowRest, dagId: string, from: number, to: number): Promise<void> {
  const [from_date, to_date] = [from, to].map((instant) => new Date(instant).toISOString());
  await rest.request("POST", "/backfills", {
    body: {
      dag_id: dagId,
      from_date,
      to_date,
      run_backwards: false,
      dag_run_conf: {},
      reprocess_behavior: "none",
      max_active_runs: 4,
    },
  });
}

/** In which states the tasks of a DAG are. */
export async function taskStatesOf(rest: AirflowRest, dagId: string): Promise<readonly (string | null)[]> {
  const path = `/dags/${dagId}/dagRuns/~/taskInstances`;
  const { body } = await rest.request<{ task_instances: { state: string | null }[] }>("GET", path);
  return body.task_instances.map(({ state }) => state);
}
