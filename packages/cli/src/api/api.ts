import type { ManagerClient } from "@tidegate/client";
import type { BackfillPlan, BackfillRequest } from "@tidegate/core";

/** The methods that commands use: of a manager's client, or of core's on a store that this process has opened. */
export type Api = Pick<
  ManagerClient,
  | "applyRestatement"
  | "audit"
  | "backfill"
  | "cancelBackfill"
  | "cancelRun"
  | "coverage"
  | "deadlines"
  | "deletePool"
  | "describe"
  | "ensure"
  | "explain"
  | "get"
  | "getBackfill"
  | "getRun"
  | "importOffsets"
  | "lags"
  | "lateData"
  | "list"
  | "listPools"
  | "logs"
  | "markReady"
  | "pause"
  | "preview"
  | "rebase"
  | "register"
  | "registerSource"
  | "reportCoverage"
  | "resnapshot"
  | "restate"
  | "resume"
  | "retryRun"
  | "retryRuns"
  | "runs"
  | "seal"
  | "shards"
  | "setPool"
  | "stale"
  | "trigger"
  | "unregister"
  | "update"
  | "versions"
>;

/** The methods that change nothing. */
export type Reader = Pick<
  Api,
  | "audit"
  | "coverage"
  | "describe"
  | "get"
  | "getBackfill"
  | "getRun"
  | "list"
  | "listPools"
  | "preview"
  | "restate"
  | "runs"
> & { backfill(request: BackfillRequest & { readonly isDryRun: true }): Promise<BackfillPlan> };

/** An `Api` in use. */
export interface Connection {
  readonly api: Api;
  /** Changes of the ledger; `undefined` if there is no manager that could make any. */
  readonly events: ManagerClient["events"] | undefined;
  /** Whether runs start: a store that this process has opened has no manager. */
  readonly hasManager: boolean;
  close(): Promise<void>;
}
