import { fileURLToPath } from "node:url";

/** The DAG factory file, which is to be put into Airflow's DAGs folder as it is. */
export const dagFactoryFile: string = fileURLToPath(
  new URL("../python/tidegate_dag_factory.py", import.meta.url),
);
