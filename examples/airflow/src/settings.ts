/** What the example is told by its environment. */
export interface Settings {
  /** Where Airflow is, and who one is to it; `undefined` where a throwaway one is to be started. */
  readonly airflow:
    | { readonly url: string; readonly username: string; readonly password: string }
    | undefined;
  /** Where the manager listens. Other than loopback addresses are for an Airflow elsewhere. */
  readonly host: string;
  readonly port: number;
  /** Where Airflow's workers reach the manager. */
  readonly managerUrl: string;
  /** After how many intervals it ends. */
  readonly intervals: number;
}

/** @throws Error naming the variable that is missing */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const { AIRFLOW_URL: url, AIRFLOW_USERNAME: username, AIRFLOW_PASSWORD: password } = environment;
  if (url !== undefined && (username === undefined || password === undefined)) {
    throw new Error("AIRFLOW_URL needs AIRFLOW_USERNAME and AIRFLOW_PASSWORD beside it.");
  }
  const host = environment.HOST ?? "127.0.0.1";
  const port = Number(environment.PORT ?? 8788);
  return {
    airflow: url === undefined ? undefined : { url, username: username!, password: password! },
    host,
    port,
    managerUrl: environment.MANAGER_URL ?? `http://127.0.0.1:${port}`,
    intervals: Number(environment.INTERVALS ?? 6),
  };
}
