import { dagFactoryFile } from "@tidegate/engine-airflow";
import { AirflowServer } from "@tidegate/test-servers";
import type { Settings } from "./settings.js";

/** An Airflow to work with. */
export interface Airflow {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Ends it, where it was started here. */
  dispose(): Promise<void>;
}

/** The Airflow of the settings, or a throwaway one on loopback, with the DAG factory in its DAGs folder. */
export async function findAirflow({ airflow }: Settings): Promise<Airflow> {
  if (airflow !== undefined) return { ...airflow, dispose: async () => {} };
  console.log(
    "No AIRFLOW_URL is set: starting an Airflow of its own. The first time it is installed, about 300 MB ...",
  );
  return AirflowServer.start([dagFactoryFile]);
}
