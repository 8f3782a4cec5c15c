import { LONGEST_TIMER_MS, parseOptions, unfitOption, wholeNumber } from "@tidegate/core/plugin";
import { foreignOptions, NameSpace } from "@tidegate/engine-kit";
import { SECRET_FORM, webhookKeys } from "@tidegate/webhook";
import { z } from "zod";

/** The engine's login to Airflow: a user, for whom it obtains tokens itself, or a given token. */
export type AirflowCredentials =
  | { readonly username: string; readonly password: string; readonly token?: never }
  | { readonly token: string; readonly username?: never; readonly password?: never };

/**
 * Address and signature of the callbacks of Airflow's tasks. Both are kept in an Airflow Connection and
 * nowhere else.
 */
export interface AirflowCallback {
  /**
   * The address of the manager's callback route as Airflow's workers reach it, `http` or `https`, such as
   * `https://manager.internal/engines/airflow/callbacks`.
   */
  readonly url: string;
  /**
   * `whsec_` and base64 of 24 to 64 bytes. During a rotation, the new key and the old one, separated by a
   * space: callbacks are signed with both. The manager needs the same.
   */
  readonly secret: string;
}

/** Settings of the Airflow engine. Managers that share the schedules need the same ones. */
export type AirflowEngineOptions = AirflowCredentials & {
  /** Airflow's address, such as `https://airflow.internal`. */
  readonly url: string;
  readonly callback: AirflowCallback;
  /**
   * Distinguishes the DAGs of this installation from those of others on the same Airflow: 1 to 40 of lower
   * case letters, digits and `-`. @default "main"
   */
  readonly prefix?: string;
  /**
   * Whether the task in Airflow waits, without a worker slot, until the run ends, and takes its colour. The
   * callback route must return a status address for that. @default false
   */
  readonly wait?: boolean;
  /**
   * The finest period that this Airflow may fire, ms: finer schedules are refused. Each fire is a DAG run,
   * which takes one or two seconds of processor time. From 1,000 to 3,600,000. @default 10,000
   */
  readonly finestPeriodMs?: number;
  /** Maximum time for Airflow to parse what was registered, ms. @default 60,000 */
  readonly dagFactoryTimeoutMs?: number;
  /** Maximum time for Airflow to answer one request, ms. @default 30,000 */
  readonly requestTimeoutMs?: number;
};

/** The options with all defaults filled in. */
export interface EngineSettings {
  /** Without a trailing slash. */
  readonly url: string;
  readonly credentials: AirflowCredentials;
  readonly callback: AirflowCallback;
  readonly prefix: string;
  /** The ids of the installation's DAGs. */
  readonly names: NameSpace;
  readonly wait: boolean;
  readonly finestPeriodMs: number;
  readonly dagFactoryTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** Prefix of error messages. */
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

/**
 * @throws ConfigurationError CONFIGURATION_INVALID naming the missing or out-of-range option, without its
 * value if secret
 */
export function settingsOf(options: AirflowEngineOptions): EngineSettings {
  const parsed = parseOptions(OPTIONS_TYPE, schema, options);
  return { ...parsed, names: new NameSpace(parsed.prefix), credentials: credentialsOf(options) };
}

function credentialsOf({ username, password, token }: AirflowEngineOptions): AirflowCredentials {
  if (token !== undefined) return { token };
  if (username !== undefined && password !== undefined) return { username, password };
  throw unfitOption(OPTIONS_TYPE, "username", "and password are needed, or a token");
}
