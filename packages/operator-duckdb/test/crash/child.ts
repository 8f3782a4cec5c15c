import fileSystem from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import type { OfflineJobRequest, ShardResult } from "@tidegate/core/operator";
import { createDuckdbOperator } from "../../src/index.js";

/** What the parent process asks for. */
export interface Order {
  readonly request: OfflineJobRequest;
  /** The results of its shards, which are merged. @default its job is run */
  readonly results?: readonly ShardResult[];
  /** The process dies just before this change to the file system, counted from 1. */
  readonly crashBefore: number;
}

/** Files are only opened to be synced, which changes nothing that a process could see. */
const CHANGES = ["mkdir", "rename", "rm"] as const;

const { request, results, crashBefore } = JSON.parse(process.argv[2]!) as Order;

let changes = 0;
for (const name of CHANGES) {
  const change = fileSystem[name] as (...parameters: unknown[]) => Promise<unknown>;
  const counted = (...parameters: unknown[]) => {
    changes += 1;
    if (changes === crashBefore) process.kill(process.pid, "SIGKILL");
    return change(...parameters);
  };
  Object.assign(fileSystem, { [name]: counted });
}
syncBuiltinESMExports();

const operator = createDuckdbOperator({ threads: 1, memoryLimit: "256MB" });
const context = { signal: new AbortController().signal };
if (results === undefined) {
  const { jobId } = await operator.submit(request, context);
  const { state } = await operator.wait(jobId, request, context);
  process.exitCode = state === "SUCCEEDED" ? 0 : 1;
} else {
  await operator.merge!(request, results, context);
}
