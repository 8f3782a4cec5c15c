import type { OfflineJobRequest } from "@tidegate/core/operator";
import { Client } from "pg";
import { createDuckdbOperator } from "../../src/index.js";

/** What the parent process asks for. */
export interface PostgresOrder {
  readonly request: OfflineJobRequest;
  readonly url: string;
  /** The process dies just before this statement, counted from 1 with the one that removes the old rows. */
  readonly crashBefore: number;
}

const { request, url, crashBefore } = JSON.parse(process.argv[2]!) as PostgresOrder;

const query = Client.prototype.query as (...parameters: unknown[]) => unknown;
let statements = 0;
function counted(this: Client, ...parameters: unknown[]): unknown {
  if (statements > 0 || String(parameters[0]).startsWith("DELETE")) statements += 1;
  if (statements === crashBefore) process.kill(process.pid, "SIGKILL");
  return query.apply(this, parameters);
}
Object.assign(Client.prototype, { query: counted });

const operator = createDuckdbOperator({ threads: 1, memoryLimit: "256MB", secrets: { shop: url } });
const context = { signal: new AbortController().signal };
const { jobId } = await operator.submit(request, context);
const { state } = await operator.wait(jobId, request, context);
process.exitCode = state === "SUCCEEDED" ? 0 : 1;
