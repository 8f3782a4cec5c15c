import { EngineError } from "@tidegate/core";
import type { AirflowRest } from "./airflow-rest.js";

/** An action of Airflow's bulk requests. */
interface BulkAction {
  readonly action: "create";
  readonly action_on_existence: OnExistence;
  readonly entities: readonly object[];
}

/** How to handle an existing entity. */
export type OnExistence = "overwrite" | "skip";

interface BulkResults {
  readonly errors?: readonly { readonly error: string }[];
}

/** Number of entities per request. */
const BATCH = 100;

/** Creates entities. @throws EngineError ENGINE_FAILED */
export async function createAll(
  rest: AirflowRest,
  path: string,
  entities: readonly object[],
  onExistence: OnExistence,
): Promise<void> {
  for (const batch of batches(entities)) {
    await bulk(rest, path, { action: "create", action_on_existence: onExistence, entities: batch });
  }
}

async function bulk(rest: AirflowRest, path: string, action: BulkAction): Promise<void> {
  const { body } = await rest.request<Record<string, BulkResults | null>>("PATCH", path, {
    body: { actions: [action] },
  });
  // A request that failed in part is answered with 200.
  const [failure] = Object.values(body).flatMap((results) => results?.errors ?? []);
  if (failure !== undefined) {
    throw new EngineError("ENGINE_FAILED", `Airflow refused a part of PATCH ${path}: ${failure.error}`);
  }
}

function batches<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / BATCH);
  return Array.from({ length: count }, (_, index) => items.slice(index * BATCH, (index + 1) * BATCH));
}
