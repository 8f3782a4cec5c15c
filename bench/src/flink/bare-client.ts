/** Submits SQL to a gateway with as little as it takes. */
export class BareClient {
  readonly #gatewayUrl: string;
  readonly #session: string;

  private constructor(gatewayUrl: string, session: string) {
    this.#gatewayUrl = gatewayUrl;
    this.#session = session;
  }

  static async open(gatewayUrl: string, setup: readonly string[]): Promise<BareClient> {
    const properties = { "execution.runtime-mode": "batch" };
    const { sessionHandle } = await ask(`${gatewayUrl}/v3/sessions`, { properties });
    for (const statement of setup) {
      await ask(`${gatewayUrl}/v3/sessions/${sessionHandle}/configure-session`, { statement });
    }
    return new BareClient(gatewayUrl, sessionHandle!);
  }

  /** How long it takes until Flink has the job of a statement, ms. */
  async submit(statement: string): Promise<number> {
    const began = performance.now();
    const session = `${this.#gatewayUrl}/v3/sessions/${this.#session}`;
    const { operationHandle } = await ask(`${session}/statements`, { statement });
    for (;;) {
      const { status } = await ask(`${session}/operations/${operationHandle}/status`);
      if (status === "FINISHED") return performance.now() - began;
      if (status === "ERROR") throw new Error(`Flink did not take ${statement}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

async function ask(url: string, body?: object): Promise<Record<string, string>> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(
    url,
    body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) },
  );
  return (await response.json()) as Record<string, string>;
}
