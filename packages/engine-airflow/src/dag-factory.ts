import { fileURLToPath } from "node:url";

/** Path of the DAG factory file, to be copied unchanged into Airflow's DAGs folder. */
export const dagFactoryFile: string = fileURLToPath(
  new URL("../python/tidegate_dag_factory.py", import.meta.url),
);
