import { Refused, type RestEndpoint } from "./http.js";

/** How an operation stands. */
export type OperationState =
  | "INITIALIZED"
  | "PENDING"
  | "RUNNING"
  | "FINISHED"
  | "CANCELED"
  | "CLOSED"
  | "ERROR"
  | "TIMEOUT";

/** What `POST …/materialized-tables/:identifier/refresh` takes. */
export interface TableRefresh {
  /** Whether Flink works out the partition, from the time. */
  readonly isPeriodic: boolean;
  /** `yyyy-MM-dd HH:mm:ss` in the session's time zone. */
  readonly scheduleTime?: string;
  readonly staticPartitions: Readonly<Record<string, string>>;
  readonly dynamicOptions: Readonly<Record<string, string>>;
  readonly executionConfig: Readonly<Record<string, string>>;
}

/** DDL may reach out to a catalog; ms. */
const SETUP_LIMIT_MS = 120_000;

/** The SQL Gateway's REST API, version 3. Each call @throws NoAnswer or Refused. */
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

  /** Runs a statement that is no job, such as DDL, to its end. */
  async configure(session: string, statement: string): Promise<void> {
    await this.#rest.ask({
      method: "POST",
      path: `/v3/sessions/${session}/configure-session`,
      body: { statement },
      timeoutMs: SETUP_LIMIT_MS,
    });
  }

  /** Takes a statement. @returns the operation's handle */
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

  /** Why an operation failed: Flink answers the question after its result with the stack trace. */
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

  /** Frees what the gateway keeps of an operation; its job runs on. */
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

/** Whether the gateway says that it does not know the session, or the operation in it: it has been restarted. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof Refused)) return false;
  return /Session '[^']*' does not exist|Can not find the submitted operation/.test(error.trace);
}
