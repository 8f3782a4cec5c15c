import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Gate, GateAnswer, GateContext, GateRequest } from "@tidegate/core/gate";

/** How often a missing file is looked for, ms. */
const LOOK_EVERY_MS = 30_000;

/**
 * Returns a gate that opens when a file exists, such as the `_SUCCESS` that an upstream job writes last. In a
 * schedule: `gates: { "file-marker": { path: "orders/{date}/_SUCCESS" } }`; `{date}` is the day, in UTC, on
 * which the interval begins.
 *
 * @param root - the directory in which paths begin
 */
export function fileMarker(root: string): Gate {
  return new FileMarker(root);
}

class FileMarker implements Gate {
  readonly gateType = "file-marker";
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  validate(settings: GateRequest["settings"]): void {
    const path = pathOf(settings);
    if (path === undefined) throw new Error('must be { path }, such as { path: "orders/{date}/_SUCCESS" }');
    if (path.split("/").includes("..")) throw new Error("path: must not contain ..");
  }

  check(requests: readonly GateRequest[], context: GateContext): Promise<readonly GateAnswer[]> {
    return Promise.all(requests.map((request) => this.#look(request, context)));
  }

  async #look({ settings, interval }: GateRequest, { now }: GateContext): Promise<GateAnswer> {
    const path = pathOf(settings) ?? "";
    const day = new Date(interval.lower).toISOString().slice(0, 10);
    const file = join(this.#root, path.replaceAll("{date}", day));
    try {
      await access(file);
      return { isOpen: true };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        return { isOpen: false, isBroken: true, reason: String(error) };
      return {
        isOpen: false,
        reason: `there is no ${file}`,
        missing: [interval],
        lookAgainAt: now + LOOK_EVERY_MS,
      };
    }
  }
}

function pathOf(settings: GateRequest["settings"]): string | undefined {
  const { path } = (settings ?? {}) as { path?: unknown };
  return typeof path === "string" && path !== "" ? path : undefined;
}
