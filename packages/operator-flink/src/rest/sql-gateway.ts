import { Refused, type RestEndpoint } from "./http.js";

/** State of an operation. */
export type OperationState =
  | "INITIALIZED"
  | "PENDING"
  | "RUNNING"
  | "FINISHED"
  | "CANCELED"
  | "CLOSED"
  | "ERROR"
  | "TIMEOUT";

/** Body of `POST …/materialized-tables/:identifier/refresh`. */
export interface TableRefresh {
  /** Whether Flink derives the partition from the time. */
  readonly isPeriodic: boolean;
  /** `yyyy-MM-dd HH:mm:ss` in the session's time zone. */
  readonly scheduleTime?: string;
  readonly staticPartitions: Readonly<Record<string, string>>;
  readonly dynamicOptions: Readonly<Record<string, string>>;
  readonly executionConfig: Readonly<Record<string, string>>;
}

/** Time limit for DDL, ms: it may access a catalog. */
const SETUP_LIMIT_MS = 120_000;

/** Client of the SQL Gateway's REST API, version 3. Each call @throws NoAnswer or Refused. */
export class SqlGateway {
  readonly #rest: RestEndpoint;

  constructor(rest: RestEndpoint) {
    this.#rest = rest;
  }

  /** @returns the session's handle */
  async openSession(properties: Readonly<Record<string, string>>): Promise<string> {
    const body = { sessionName: "tidegate", properties };
    const answer = await this.#rest.ask<{ readonly sessionHandle: string }>({
      method: "POST",
      path: "/v3/sessions",
      body,
    });
    return answer.sessionHandle;
  }

  /** Runs a statement that is not a job, such as DDL, to its end. */
  async configure(session: string, statement: string): Promise<void> {
    await this.#rest.ask({
      method: "POST",
      path: `/v3/sessions/${session}/configure-session`,
      body: { statement },
      timeoutMs: SETUP_LIMIT_MS,
    });
  }

  /** Starts a statement. @returns the operation's handle */
  async execute(
    session: string,
    statement: string,
    executionConfig: Readonly<Record<string, string>>,
  ): Promise<string> {
    const answer = await this.#rest.ask<{ readonly operationHandle: string }>({
      method: "POST",
      path: `/v3/sessions/${session}/statements`,
      body: { statement, executionConfig },
    });
    return answer.operationHandle;
  }

  /** Starts a refresh of a materialized table. @returns the operation's handle */
  async refresh(session: string, identifier: string, body: TableRefresh): Promise<string> {
    const answer = await this.#rest.ask<{ readonly operationHandle: string }>({
      method: "POST",
      path: `/v3/sessions/${session}/materialized-tables/${encodeURIComponent(identifier)}/refresh`,
      body,
    });
    return answer.operationHandle;
  }

  async state(session: string, operation: string): Promise<OperationState> {
    const path = `/v3/sessions/${session}/operations/${operation}/status`;
    return (await this.#rest.ask<{ readonly status: OperationState }>({ method: "GET", path })).status;
  }

  /** Returns why an operation failed: Flink responds to a query for its result with the stack trace. */
  async trace(session: string, operation: string): Promise<string> {
    const path = `/v3/sessions/${session}/operations/${operation}/result/0?rowFormat=JSON`;
    try {
      await this.#rest.ask({ method: "GET", path });
      return "";
    } catch (error) {
      if (error instanceof Refused) return error.trace;
      throw error;
    }
  }

  /** Frees what the gateway keeps about an operation; its job runs on. */
  async closeOperation(session: string, operation: string): Promise<void> {
    await this.#rest.ask({ method: "DELETE", path: `/v3/sessions/${session}/operations/${operation}/close` });
  }

  async heartbeat(session: string): Promise<void> {
    await this.#rest.ask({ method: "POST", path: `/v3/sessions/${session}/heartbeat` });
  }

  async closeSession(session: string): Promise<void> {
    await this.#rest.ask({ method: "DELETE", path: `/v3/sessions/${session}` });
  }
}

/**
 * Returns whether the gateway says that it does not know the session, or the operation in it, because it was
 * restarted.
 */
export function isGone(error: unknown): boolean {
  if (!(error instanceof Refused)) return false;
  return /Session '[^']*' does not exist|Can not find the submitted operation/.test(error.trace);
}
