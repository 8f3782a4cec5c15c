import type { AirflowServer } from "@tidegate/test-servers";

/** A client of Airflow's REST API, as far as the benchmark looks at it. */
export class Airflow {
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  static async of({ url, username, password }: AirflowServer): Promise<Airflow> {
    const response = await fetch(`${url}/auth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username, password }),
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    return new Airflow(url, token);
  }

  /** How many DAGs are there whose ids begin so. */
  async count(prefix: string): Promise<number> {
    const pattern = encodeURIComponent(`${prefix}%`);
    const answer = await this.#get<{ total_entries: number }>(`/dags?dag_id_pattern=${pattern}&limit=1`);
    return answer?.total_entries ?? 0;
  }

  /** How long the file of a DAG took to parse the last time, ms; `undefined` where it is not parsed yet. */
  async parseMs(dagId: string): Promise<number | undefined> {
    const dag = await this.#get<{ last_parse_duration: number | null }>(`/dags/${dagId}`);
    return dag?.last_parse_duration == null ? undefined : dag.last_parse_duration * 1_000;
  }

  async #get<Body>(path: string): Promise<Body | undefined> {
    const headers = { authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.#url}/api/v2${path}`, { headers });
    return response.ok ? ((await response.json()) as Body) : undefined;
  }
}
