/** What the service is told by its environment. */
export interface Settings {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly databasePath: string;
  /** Hosts that may be given jobs, as `host:port`. */
  readonly workers: readonly string[];
  /** Signs jobs and callbacks: `whsec_…`. */
  readonly webhookSecret: string;
  /** With it Airflow signs its callbacks: `whsec_…`. Without it the door is closed. */
  readonly airflowSecret: string | undefined;
}

/** @throws Error naming the variable that is missing */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const need = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === "") throw new Error(`Set ${name}.`);
    return value;
  };
  return {
    host: environment.HOST ?? "127.0.0.1",
    port: Number(environment.PORT ?? 8080),
    databasePath: environment.DATABASE ?? "tidegate.db",
    workers: need("WORKERS").split(","),
    webhookSecret: need("WEBHOOK_SECRET"),
    airflowSecret: environment.AIRFLOW_SECRET,
  };
}
