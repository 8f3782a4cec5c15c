import { ConfigurationError } from "@tidegate/core";

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
  readonly wait: boolean;
  readonly finestPeriodMs: number;
  readonly dagFactoryTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** The size that Standard Webhooks 1.0.0 asks of a key, bytes. */
const KEY_BYTES = { min: 24, max: 64 };

const LARGEST_MS = 2 ** 31 - 1;

/** @throws ConfigurationError CONFIGURATION_INVALID naming what is missing or out of range, never its value if secret */
export function settingsOf(options: AirflowEngineOptions): EngineSettings {
  const settings: EngineSettings = {
    url: options.url.replace(/\/+$/, ""),
    credentials: credentialsOf(options),
    callback: options.callback,
    prefix: options.prefix ?? "main",
    wait: options.wait ?? false,
    finestPeriodMs: options.finestPeriodMs ?? 10_000,
    dagFactoryTimeoutMs: options.dagFactoryTimeoutMs ?? 60_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
  };
  requireUrl("url", settings.url);
  requireUrl("callback.url", settings.callback.url);
  if (!keysOf(settings.callback.secret).every(isKey)) {
    throw invalid(
      "callback.secret",
      'must be "whsec_" and base64 of 24 to 64 bytes, or two such with a space between',
    );
  }
  if (!/^[a-z0-9-]{1,40}$/.test(settings.prefix)) {
    throw invalid("prefix", "must be 1 to 40 lower case letters, digits and -");
  }
  requireWithin(settings, "finestPeriodMs", 1_000, 3_600_000);
  requireWithin(settings, "dagFactoryTimeoutMs", 1, LARGEST_MS);
  requireWithin(settings, "requestTimeoutMs", 1, LARGEST_MS);
  return settings;
}

/** The keys of a secret: one, or two while it is rotated. */
export function keysOf(secret: string): string[] {
  return secret.split(" ");
}

function credentialsOf({ username, password, token }: AirflowEngineOptions): AirflowCredentials {
  if (token !== undefined) return { token };
  if (username !== undefined && password !== undefined) return { username, password };
  throw invalid("username", "and password are needed, or a token");
}

function isKey(key: string): boolean {
  const [, base64 = ""] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(key) ?? [];
  const bytes = Buffer.from(base64, "base64").length;
  return base64.length % 4 === 0 && bytes >= KEY_BYTES.min && bytes <= KEY_BYTES.max;
}

function requireUrl(field: string, text: string): void {
  if (!URL.canParse(text)) throw invalid(field, "must be an absolute URL");
  const { protocol, username, password } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:")
    throw invalid(field, "must begin with http:// or https://");
  if (username !== "" || password !== "") throw invalid(field, "must not carry a user or a password");
}

function requireWithin(
  settings: EngineSettings,
  field: "finestPeriodMs" | "dagFactoryTimeoutMs" | "requestTimeoutMs",
  least: number,
  most: number,
): void {
  const value = settings[field];
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(field, `must be a whole number from ${least} to ${most}, but is ${value}`);
}

function invalid(field: string, message: string): ConfigurationError {
  return new ConfigurationError("CONFIGURATION_INVALID", `${field} ${message}.`, { field });
}
