import { ConfigurationError } from "@tidegate/core";

/** How the engine works. Managers that share the schedules are given the same ones. */
export interface DolphinSchedulerEngineOptions {
  /** The API's address with its path, such as `https://dolphin.internal:12345/dolphinscheduler`. */
  readonly url: string;
  /** An access token of a user of DolphinScheduler. */
  readonly token: string;
  /** Where DolphinScheduler's tasks knock. */
  readonly callback: {
    /** The door's address as the workers reach it, `http` or `https`. Users of DolphinScheduler can read it. */
    readonly url: string;
  };
  /**
   * The file on each worker with the secret that callbacks are signed with: `whsec_` and base64 of 24 to 64 bytes; two
   * such, one per line, while it is rotated. An absolute path. @default "/etc/tidegate/callback-secret"
   */
  readonly secretFile?: string;
  /** The project in which the workflows are; it is made where there is none. @default "tidegate" */
  readonly project?: string;
  /**
   * Tells the workflows of one installation from those of another in the same project: 1 to 40 of lower case letters,
   * digits and `-`. @default "main"
   */
  readonly prefix?: string;
  /** The tenant that tasks run as, who must be able to read the secret file. @default "default" */
  readonly tenantCode?: string;
  /** @default "default" */
  readonly workerGroup?: string;
  /** The code of an environment of DolphinScheduler; -1 is none. @default -1 */
  readonly environmentCode?: number;
  /**
   * Whether the task waits until the run ends, in a thread of its worker, so that the instance's state is the run's.
   * @default false
   */
  readonly wait?: boolean;
  /**
   * The finest period that this DolphinScheduler is to fire, ms: finer schedules are refused. Each fire is a workflow
   * instance with a process of its own. From 1,000 to 3,600,000. @default 10,000
   */
  readonly finestPeriodMs?: number;
  /** How long DolphinScheduler may take to answer one request, ms. @default 10,000 */
  readonly requestTimeoutMs?: number;
}

/** The options with nothing left open; the address without a slash at its end. */
export type EngineSettings = Required<DolphinSchedulerEngineOptions>;

const LARGEST_MS = 2 ** 31 - 1;

/** @throws ConfigurationError CONFIGURATION_INVALID naming what is missing or out of range, never its value if secret */
export function settingsOf(options: DolphinSchedulerEngineOptions): EngineSettings {
  const settings: EngineSettings = {
    url: options.url.replace(/\/+$/, ""),
    token: options.token,
    callback: { url: options.callback.url },
    secretFile: options.secretFile ?? "/etc/tidegate/callback-secret",
    project: options.project ?? "tidegate",
    prefix: options.prefix ?? "main",
    tenantCode: options.tenantCode ?? "default",
    workerGroup: options.workerGroup ?? "default",
    environmentCode: options.environmentCode ?? -1,
    wait: options.wait ?? false,
    finestPeriodMs: options.finestPeriodMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
  };
  requireUrl("url", settings.url);
  requireUrl("callback.url", settings.callback.url);
  // A header takes no more, and its error would tell the value.
  if (!/^[\x21-\x7e]+$/.test(settings.token))
    throw invalid("token", "must be an access token of DolphinScheduler");
  if (!/^\/[^\0\n]+$/.test(settings.secretFile)) throw invalid("secretFile", "must be an absolute path");
  if (!/^[a-z0-9-]{1,40}$/.test(settings.prefix)) {
    throw invalid("prefix", "must be 1 to 40 lower case letters, digits and -");
  }
  for (const field of ["project", "tenantCode", "workerGroup"] as const) {
    if (settings[field].trim() === "") throw invalid(field, "must not be empty");
  }
  requireWithin(settings, "environmentCode", -1, Number.MAX_SAFE_INTEGER);
  requireWithin(settings, "finestPeriodMs", 1_000, 3_600_000);
  requireWithin(settings, "requestTimeoutMs", 1, LARGEST_MS);
  return settings;
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
  field: "environmentCode" | "finestPeriodMs" | "requestTimeoutMs",
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
