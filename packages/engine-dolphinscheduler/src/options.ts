import { parseOptions, wholeNumber } from "@tidegate/core/plugin";
import { foreignOptions, NameSpace } from "@tidegate/engine-kit";
import { z } from "zod";

/** Settings of the DolphinScheduler engine. Managers that share the schedules need the same ones. */
export interface DolphinSchedulerEngineOptions {
  /** The API's address with its path, such as `https://dolphin.internal:12345/dolphinscheduler`. */
  readonly url: string;
  /** An access token of a DolphinScheduler user. */
  readonly token: string;
  /** Address and secret of the callbacks of DolphinScheduler's tasks. */
  readonly callback: {
    /**
     * The callback route's address as the workers reach it, `http` or `https`. Users of DolphinScheduler can
     * read it.
     */
    readonly url: string;
  };
  /**
   * The file on each worker with the secret that signs callbacks: `whsec_` and base64 of 24 to 64 bytes; two
   * of them, one per line, during a rotation. An absolute path. @default "/etc/tidegate/callback-secret"
   */
  readonly secretFile?: string;
  /** The project of the workflows; it is created if missing. @default "tidegate" */
  readonly project?: string;
  /**
   * Distinguishes the workflows of this installation from those of others in the same project: 1 to 40 of
   * lower case letters, digits and `-`. @default "main"
   */
  readonly prefix?: string;
  /** The tenant that tasks run as; it must be able to read the secret file. @default "default" */
  readonly tenantCode?: string;
  /** @default "default" */
  readonly workerGroup?: string;
  /** The code of a DolphinScheduler environment; -1 is none. @default -1 */
  readonly environmentCode?: number;
  /**
   * Whether the task waits until the run ends, in a thread of its worker, so that the instance's state is the
   * run's.
   * @default false
   */
  readonly wait?: boolean;
  /**
   * The finest period that this DolphinScheduler may fire, ms: finer schedules are refused. Each fire is a
   * workflow instance with a process of its own. From 1,000 to 3,600,000. @default 10,000
   */
  readonly finestPeriodMs?: number;
  /** Maximum time for DolphinScheduler to answer one request, ms. @default 30,000 */
  readonly requestTimeoutMs?: number;
}

/** The options with all defaults filled in; the address without a trailing slash. */
export interface EngineSettings extends Required<DolphinSchedulerEngineOptions> {
  /** The names of the installation's workflows. */
  readonly names: NameSpace;
}

const name = z.string().refine((text) => text.trim() !== "", "must not be empty");

const { callbackUrl, ...common } = foreignOptions;

const schema = z.object({
  ...common,
  // A header accepts nothing else, and its error would reveal the value.
  token: z.string().regex(/^[\x21-\x7e]+$/, "must be an access token of DolphinScheduler"),
  callback: z.object({ url: callbackUrl }),
  secretFile: z
    .string()
    .regex(/^\/[^\0\n]+$/, "must be an absolute path")
    .default("/etc/tidegate/callback-secret"),
  project: name.default("tidegate"),
  tenantCode: name.default("default"),
  workerGroup: name.default("default"),
  environmentCode: wholeNumber(-1, Number.MAX_SAFE_INTEGER).default(-1),
});

/**
 * @throws ConfigurationError CONFIGURATION_INVALID naming the missing or out-of-range option, without its
 * value if secret
 */
export function settingsOf(options: DolphinSchedulerEngineOptions): EngineSettings {
  const parsed = parseOptions("DolphinSchedulerEngineOptions", schema, options);
  return { ...parsed, names: new NameSpace(parsed.prefix) };
}
