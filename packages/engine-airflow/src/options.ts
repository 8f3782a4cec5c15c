import { LONGEST_TIMER_MS, parseOptions, unfitOption, wholeNumber } from "@tidegate/core";
import { foreignOptions, NameSpace } from "@tidegate/engine-kit";
import { SECRET_FORM, webhookKeys } from "@tidegate/webhook";
import { z } from "zod";

/** Who the engine is to Airflow: a user, for whom it gets tokens itself, or a token that it was given. */
export type AirflowCredentials =
  | { readonly username: string; readonly password: string; readonly token?: never }
  | { readonly token: string; readonly username?: never; readonly password?: never };

/** Where Airflow's tasks knock, and how they sign. Both are kept in an Airflow Connection and nowhere else. */
export interface AirflowCallback {
  /**
   * The address of the manager's door as Airflow's workers reach it, `http` or `https`, such as
   * `https://manager.internal/engines/airflow/callbacks`.
   */
  readonly url: string;
  /**
   * `whsec_` and base64 of 24 to 64 bytes. While it is rotated, the new key and the old one with a space between:
   * callbacks are signed with both. The manager is given the same.
   */
  readonly secret: string;
}

/** How the engine works. Managers that share the schedules are given the same ones. */
export type AirflowEngineOptions = AirflowCredentials & {
  /** Airflow's address, such as `https://airflow.internal`. */
  readonly url: string;
  readonly callback: AirflowCallback;
  /**
   * Tells the DAGs of one installation from those of another on the same Airflow: 1 to 40 of lower case letters, digits
   * and `-`. @default "main"
   */
  readonly prefix?: string;
  /**
   * Whether the task in Airflow waits, without a worker slot, until the run ends, and takes its colour. The door has to
   * tell a status address for that. @default false
   */
  readonly wait?: boolean;
  /**
   * The finest period that this Airflow is to fire, ms: finer schedules are refused. Each fire is a DAG run, which takes
   * one or two seconds of a processor. From 1,000 to 3,600,000. @default 10,000
   */
  readonly finestPeriodMs?: number;
  /** How long Airflow may take to parse what was registered, ms. @default 60,000 */
  readonly dagFactoryTimeoutMs?: number;
  /** How long Airflow may take to answer one request, ms. @default 10,000 */
  readonly requestTimeoutMs?: number;
};

/** The options with nothing left open. */
export interface EngineSettings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly credentials: AirflowCredentials;
  readonly callback: AirflowCallback;
  readonly prefix: string;
  /** The ids of its DAGs. */
  readonly names: NameSpace;
  readonly wait: boolean;
  readonly finestPeriodMs: number;
  readonly dagFactoryTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** With which errors begin. */
const OPTIONS_TYPE = "AirflowEngineOptions";

const { callbackUrl, ...common } = foreignOptions;

const schema = z.object({
  ...common,
  callback: z.object({
    url: callbackUrl,
    secret: z.string().refine((secret) => webhookKeys(secret) !== undefined, SECRET_FORM),
  }),
  dagFactoryTimeoutMs: wholeNumber(1, LONGEST_TIMER_MS).default(60_000),
});

/** @throws ConfigurationError CONFIGURATION_INVALID naming what is missing or out of range, never its value if secret */
export function settingsOf(options: AirflowEngineOptions): EngineSettings {
  const parsed = parseOptions(OPTIONS_TYPE, schema, options);
  return { ...parsed, names: new NameSpace(parsed.prefix), credentials: credentialsOf(options) };
}

function credentialsOf({ username, password, token }: AirflowEngineOptions): AirflowCredentials {
  if (token !== undefined) return { token };
  if (username !== undefined && password !== undefined) return { username, password };
  throw unfitOption(OPTIONS_TYPE, "username", "and password are needed, or a token");
}
