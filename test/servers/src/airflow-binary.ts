import { findEnvironment } from "./python-environment.js";

/** Finds the Python of an environment with Apache Airflow 3. @throws Error naming the ways, when none works */
export function findAirflow(): Promise<string> {
  return findEnvironment({
    what: "Airflow 3",
    megabytes: 300,
    name: "airflow",
    // And what it speaks to Postgres with.
    requirements: ["apache-airflow>=3.3,<4", "psycopg2-binary", "asyncpg"],
    variable: "TIDEGATE_AIRFLOW_PYTHON",
    // Some 150 packages.
    limitMs: 600_000,
  });
}
