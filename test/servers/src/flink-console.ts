import { setTimeout as sleep } from "node:timers/promises";

/** Between two looks at an operation, ms; Flink tells of its end to nobody. */
const LOOK_MS = 50;

/** A person who types statements into Flink's SQL Gateway. */
export class FlinkConsole {
  readonly #url: string;
  readonly #session: string;

  private constructor(url: string, session: string) {
    this.#url = url;
    this.#session = session;
  }

  static async open(
    { gatewayUrl }: { readonly gatewayUrl: string },
    properties: Readonly<Record<string, string>> = {},
  ): Promise<FlinkConsole> {
    const { sessionHandle } = await ask<{ sessionHandle: string }>(`${gatewayUrl}/v3/sessions`, {
      properties,
    });
    return new FlinkConsole(gatewayUrl, sessionHandle);
  }

  /** Runs a statement, and the job that it may be, to its end. @throws Error with Flink's stack trace */
  async type(statement: string): Promise<void> {
    const session = `${this.#url}/v3/sessions/${this.#session}`;
    const body = { statement, executionConfig: { "table.dml-sync": "true" } };
    const { operationHandle } = await ask<{ operationHandle: string }>(`${session}/statements`, body);
    const operation = `${session}/operations/${operationHandle}`;
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
