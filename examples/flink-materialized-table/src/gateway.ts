import { setTimeout as sleep } from "node:timers/promises";

/** Between two looks at a statement, ms. */
const LOOK_MS = 50;

/** Of a statement, in characters. */
const LONGEST_SHOWN = 400;

/** Flink's SQL Gateway, as its own SQL client would use it. */
export class Gateway {
  readonly #session: string;

  private constructor(session: string) {
    this.#session = session;
  }

  static async open(url: string): Promise<Gateway> {
    const { sessionHandle } = await ask<{ sessionHandle: string }>(`${url}/v3/sessions`, {});
    return new Gateway(`${url}/v3/sessions/${sessionHandle}`);
  }

  /** Prints a statement and runs it to its end. @throws Error with what Flink says */
  async type(statement: string): Promise<void> {
    const shown = statement.length <= LONGEST_SHOWN ? statement : `${statement.slice(0, LONGEST_SHOWN)} …`;
    console.log(`Flink SQL> ${shown};`);
    const body = { statement, executionConfig: { "table.dml-sync": "true" } };
    const { operationHandle } = await ask<{ operationHandle: string }>(`${this.#session}/statements`, body);
    const operation = `${this.#session}/operations/${operationHandle}`;
    for (;;) {
      const { status } = await ask<{ status: string }>(`${operation}/status`);
      if (status === "FINISHED") return;
      if (status === "ERROR") await ask(`${operation}/result/0?rowFormat=JSON`);
      await sleep(LOOK_MS);
    }
  }
}

async function ask<T>(url: string, body?: object): Promise<T> {
  const response = await fetch(url, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as T;
}
