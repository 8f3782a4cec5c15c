import { fileURLToPath } from "node:url";

/** Path of the DAG factory file, to be copied unchanged into Airflow's DAGs folder. */
export const dagFactoryFile: string = fileURLToPath(
  new URL("../python/tidegate_dag_factory.py", import.meta.url),
);

/** Path of the file with `TidegateCoverageSensor`, to be copied unchanged beside the DAGs that use it. */
export const coverageSensorFile: string = fileURLToPath(
  new URL("../python/tidegate_coverage.py", import.meta.url),
);
