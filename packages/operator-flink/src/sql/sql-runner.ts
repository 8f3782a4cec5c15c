import { hash } from "node:crypto";
import { type Clock, pause } from "@tidegate/core/clock";
import { type Filling, readSecrets, type Secret } from "@tidegate/operator-kit";
import { Redactor } from "@tidegate/rest-client";
import type { SqlJob } from "../job/job.js";
import { NoAnswer, Refused } from "../rest/http.js";
import type { SqlGateway, TableRefresh } from "../rest/sql-gateway.js";
import { bind, secretsIn } from "./bind.js";
import type { SessionRecipe, Sessions } from "./sessions.js";

/** Interval between checks of an operation, ms: a sixteenth of its duration so far, within these limits. */
const SHORTEST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 500;

/** The longest time that Flink may take to plan and submit a statement, ms. */
const OPERATION_LIMIT_MS = 180_000;

interface Parts {
  readonly gateway: SqlGateway;
  readonly sessions: Sessions;
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly clock: Clock;
}

/** A statement that submits one job, with data of the run. */
export interface Statement {
  readonly job: SqlJob;
  readonly field: string;
  readonly filling: Filling;
  readonly jobId: string;
  readonly name: string;
}

/** Settings of a job's session. */
export interface SessionNeeds {
  readonly setup?: readonly string[];
  readonly timezone?: string;
  readonly sessionConfiguration?: Readonly<Record<string, string>>;
}

/** Runner of SQL through the gateway, until Flink has taken the job. */
export class SqlRunner {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws Refused, NoAnswer, without the values of secrets */
  async prepare(statement: Statement): Promise<void> {
    const { job, field, filling } = statement;
    const { prepare = [] } = job;
    if (prepare.length === 0) return;
    await this.#inSession(job, prepare, async (session, secrets) => {
      for (const [index, sql] of prepare.entries()) {
        const bound = bind(sql, `${field}.prepare.${index}`, { filling, secrets });
        await this.#parts.gateway.configure(session, bound);
      }
    });
  }

  /** @throws Refused, NoAnswer, without the values of secrets */
  async submit(statement: Statement): Promise<void> {
    const { job, field, filling, jobId, name } = statement;
    await this.#operate(job, [job.statement], (session, secrets) => {
      const sql = bind(job.statement, `${field}.statement`, { filling, secrets });
      return this.#parts.gateway.execute(session, sql, {
        "pipeline.name": name,
        ...job.flinkConfiguration,
        "$internal.pipeline.job-id": jobId,
      });
    });
  }

  /** @throws Refused, NoAnswer, without the values of secrets */
  async refresh(needs: SessionNeeds, identifier: string, refresh: TableRefresh): Promise<void> {
    await this.#operate(needs, [], (session) => this.#parts.gateway.refresh(session, identifier, refresh));
  }

  /** Starts an operation and waits until it has submitted its job. */
  async #operate(
    needs: SessionNeeds,
    statements: readonly string[],
    start: (session: string, secrets: ReadonlyMap<string, string>) => Promise<string>,
  ): Promise<void> {
    await this.#inSession(needs, statements, async (session, secrets) => {
      const operation = await start(session, secrets);
      await this.#submitted(session, operation);
      // Its remains are freed with the session at the latest.
      this.#parts.gateway.closeOperation(session, operation).catch(() => undefined);
    });
  }

  /** Redacts the values of a job's secrets from one of Flink's texts about it. */
  async redacted(
    text: string,
    { setup = [], prepare = [], statement = "" }: Partial<Pick<SqlJob, "setup" | "prepare" | "statement">>,
  ): Promise<string> {
    return redacted(text, await this.#secretsOf([...setup, ...prepare, statement]));
  }

  /** Waits for an operation; that of an `INSERT` finishes once its job is submitted. */
  async #submitted(session: string, operation: string): Promise<void> {
    const { gateway, clock } = this.#parts;
    const began = clock.now();
    for (;;) {
      const state = await gateway.state(session, operation);
      if (state === "FINISHED") return;
      if (state === "ERROR") throw new Refused(500, await gateway.trace(session, operation));
      const isUnderWay = state === "INITIALIZED" || state === "PENDING" || state === "RUNNING";
      const tookMs = clock.now() - began;
      if (!isUnderWay || tookMs > OPERATION_LIMIT_MS) {
        throw new NoAnswer(`the SQL Gateway has left the statement as ${state}`, true, undefined);
      }
      await pause(clock, Math.min(Math.max(tookMs / 16, SHORTEST_LOOK_MS), LONGEST_LOOK_MS));
    }
  }

  async #inSession(
    needs: SessionNeeds,
    statements: readonly string[],
    work: (session: string, secrets: ReadonlyMap<string, string>) => Promise<void>,
  ): Promise<void> {
    const { setup = [] } = needs;
    const secrets = await this.#secretsOf([...setup, ...statements]);
    const recipe = recipeOf(
      needs,
      setup.map((sql, index) => bind(sql, `job.sql.setup.${index}`, { secrets })),
    );
    try {
      await this.#parts.sessions.use(recipe, (session) => work(session, secrets));
    } catch (error) {
      throw error instanceof Refused
        ? new Refused(error.status, redacted(error.trace, secrets), error.asked, error.retryAfterMs)
        : error;
    }
  }

  /** @throws OperatorError CONFIGURATION_INVALID for a secret that cannot be read */
  #secretsOf(statements: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return readSecrets(statements.flatMap(secretsIn), this.#parts.secrets);
  }
}

/** Returns the recipe of a job's session; a changed secret makes another session. */
function recipeOf(needs: SessionNeeds, setup: readonly string[]): SessionRecipe {
  const { timezone = "UTC", sessionConfiguration = {} } = needs;
  return {
    key: hash("sha256", JSON.stringify([timezone, setup, sessionConfiguration]), "hex"),
    properties: {
      "execution.runtime-mode": "batch",
      ...sessionConfiguration,
      "table.local-time-zone": timezone,
    },
    setup,
  };
}

function redacted(text: string, secrets: ReadonlyMap<string, string>): string {
  const redactor = new Redactor({ shortest: 1 });
  for (const [name, value] of secrets) redactor.remember(name, value);
  return redactor.redact(text);
}
