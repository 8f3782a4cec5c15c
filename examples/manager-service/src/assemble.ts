import { createTidegate, type Tidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createHttpOperator, type HttpOperator } from "@tidegate/operator-http";
import { sqliteStore } from "@tidegate/store-sqlite";
import type { Settings } from "./settings.js";

/** A Tidegate whose jobs are posted to workers in this machine's network, which call back when they are done. */
export function assemble({ databasePath, workers, webhookSecret }: Settings): {
  readonly tidegate: Tidegate;
  readonly operator: HttpOperator;
} {
  const hosts = workers.map((worker) => worker.replace(/:\d+$/, ""));
  const operator = createHttpOperator({
    allow: workers,
    allowHttp: workers,
    allowPrivate: hosts,
    secrets: { workers: webhookSecret },
    callbacks: { secrets: ["workers"] },
  });
  const tidegate = createTidegate({
    store: sqliteStore({ path: databasePath }),
    engines: [embeddedEngine()],
    operators: [operator],
  });
  return { tidegate, operator };
}
