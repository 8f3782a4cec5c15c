import { type Clock, pause } from "@tidegate/core/clock";
import type { AirflowRest } from "./airflow-rest.js";
import { createAll } from "./bulk.js";
import { pages } from "./pages.js";

/** A DAG as Airflow returns it. */
export interface AirflowDag {
  readonly dag_id: string;
  readonly dag_display_name: string;
  readonly description: string | null;
  readonly is_paused: boolean;
  /** Whether no file defines it any more, or its file does not import: such a DAG does not run. */
  readonly is_stale: boolean;
  readonly tags: readonly { readonly name: string }[];
  readonly relative_fileloc: string | null;
  readonly file_token: string;
}

/** A Variable of Airflow. */
export interface AirflowVariable {
  readonly key: string;
  readonly value: string;
  readonly description: string;
}

/** A file that Airflow could not import. */
export interface ImportFailure {
  readonly filename: string;
  /** When it last failed to parse, RFC 3339. */
  readonly timestamp: string;
  readonly stack_trace: string;
}

/** A DAG whose task is running cannot be deleted; delay before the next attempt, ms. */
const DELETE_AGAIN_MS = 200;

/** The part of Airflow's REST API that the engine uses. */
export class AirflowApi {
  readonly #rest: AirflowRest;
  readonly #clock: Clock;

  constructor(rest: AirflowRest, clock: Clock) {
    this.#rest = rest;
    this.#clock = clock;
  }

  /**
   * Writes the Connection. Its password holds both the address and the secret, as JSON: only the password is
   * encrypted in Airflow's database, and left out of its audit log.
   */
  async putConnection(id: string, door: { readonly url: string; readonly secret: string }): Promise<void> {
    const { url, secret } = door;
    const description =
      "Tidegate's callback door: its address, and the secret that callbacks are signed with.";
    const password = JSON.stringify({ url, secret });
    const connection = { connection_id: id, conn_type: "tidegate", description, password };
    await createAll(this.#rest, "/connections", [connection], "overwrite");
  }

  async hasConnection(id: string): Promise<boolean> {
    const { status } = await this.#rest.request("GET", `/connections/${encodeURIComponent(id)}`, {
      accept: [404],
    });
    return status !== 404;
  }

  async putVariables(variables: readonly AirflowVariable[]): Promise<void> {
    await createAll(this.#rest, "/variables", variables, "overwrite");
  }

  /** Adds Variables, leaving existing ones alone. */
  async addVariables(variables: readonly AirflowVariable[]): Promise<void> {
    await createAll(this.#rest, "/variables", variables, "skip");
  }

  /**
   * Returns the value of a Variable; `undefined` if there is none. Airflow replaces what it takes for a
   * secret with `***`.
   */
  async variable(key: string): Promise<string | undefined> {
    const path = `/variables/${encodeURIComponent(key)}`;
    const { status, body } = await this.#rest.request<AirflowVariable>("GET", path, { accept: [404] });
    return status === 404 ? undefined : body.value;
  }

  /** Returns the values of all Variables whose keys begin with a prefix, by key. */
  async variables(prefix: string): Promise<Map<string, string>> {
    const values = new Map<string, string>();
    const query = { variable_key_pattern: `${prefix}%`, order_by: "key" };
    for await (const { key, value } of pages<AirflowVariable>(this.#rest, "/variables", "variables", query)) {
      if (key.startsWith(prefix)) values.set(key, value);
    }
    return values;
  }

  /** Returns the DAG; `undefined` if there is none. */
  async dag(id: string): Promise<AirflowDag | undefined> {
    const { status, body } = await this.#rest.request<AirflowDag>("GET", `/dags/${encodeURIComponent(id)}`, {
      accept: [404],
    });
    return status === 404 ? undefined : body;
  }

  /** Yields the DAGs whose ids begin with a prefix, except those that no file defines any more. */
  async *dags(prefix: string): AsyncGenerator<AirflowDag> {
    const query = { dag_id_pattern: `${prefix}%`, order_by: "dag_id" };
    for await (const dag of pages<AirflowDag>(this.#rest, "/dags", "dags", query)) {
      if (dag.dag_id.startsWith(prefix)) yield dag;
    }
  }

  async setPaused(id: string, isPaused: boolean): Promise<void> {
    const body = { is_paused: isPaused };
    await this.#rest.request("PATCH", `/dags/${encodeURIComponent(id)}`, { body, accept: [404] });
  }

  /**
   * Deletes a DAG with its runs once its task is not running; a missing DAG is ignored.
   *
   * @throws EngineError ENGINE_FAILED if its task still runs after `withinMs`
   */
  async deleteDag(id: string, withinMs: number): Promise<void> {
    const path = `/dags/${encodeURIComponent(id)}`;
    for (let left = withinMs; left > 0; left -= DELETE_AGAIN_MS) {
      const { status } = await this.#rest.request("DELETE", path, { accept: [404, 409] });
      if (status !== 409) return;
      await pause(this.#clock, DELETE_AGAIN_MS);
    }
    await this.#rest.request("DELETE", path, { accept: [404] });
  }

  /** Requests that a file be parsed now, not only when its turn comes. */
  async parse({ file_token: token }: AirflowDag): Promise<void> {
    // A caller without that permission has to wait, as does one whose request is already pending.
    await this.#rest.request("PUT", `/parseDagFile/${encodeURIComponent(token)}`, { accept: [403, 409] });
  }

  async importFailures(): Promise<ImportFailure[]> {
    const failures: ImportFailure[] = [];
    for await (const failure of pages<ImportFailure>(this.#rest, "/importErrors", "import_errors", {})) {
      failures.push(failure);
    }
    return failures;
  }
}
