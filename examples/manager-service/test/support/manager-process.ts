import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** The manager service in a process of its own, as an operator would run it. */
export class ManagerProcess {
  readonly #child: ChildProcess;
  readonly #address: string;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.#address = address;
  }

  /** Resolves when it listens. */
  static async start(environment: Readonly<Record<string, string>>): Promise<ManagerProcess> {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, NODE_OPTIONS: "", PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      const address = /listening at (http:\/\/[^"]+)/.exec(line)?.[1];
      if (address === undefined) continue;
      child.stdout!.resume();
      return new ManagerProcess(child, address);
    }
    throw new Error("The manager ended before it listened.");
  }

  async call<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Body }> {
    const response = await fetch(`${this.#address}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === "" ? undefined : JSON.parse(text)) as Body };
  }

  get callbackAddress(): string {
    return `${this.#address}/callbacks`;
  }

  /** Ends it and resolves with its exit code: `null` where the signal killed it. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    this.#child.kill(signal);
    const [code] = await once(this.#child, "exit");
    return code;
  }
}
