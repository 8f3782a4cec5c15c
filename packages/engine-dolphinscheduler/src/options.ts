import { parseOptions, wholeNumber } from "@tidegate/core";
import { foreignOptions, NameSpace } from "@tidegate/engine-kit";
import { z } from "zod";

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
export interface EngineSettings extends Required<DolphinSchedulerEngineOptions> {
  /** The names of its workflows. */
  readonly names: NameSpace;
}

const name = z.string().refine((text) => text.trim() !== "", "must not be empty");

const { callbackUrl, ...common } = foreignOptions;

const schema = z.object({
  ...common,
  // A header takes no more, and its error would tell the value.
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

/** @throws ConfigurationError CONFIGURATION_INVALID naming what is missing or out of range, never its value if secret */
export function settingsOf(options: DolphinSchedulerEngineOptions): EngineSettings {
  const parsed = parseOptions("DolphinSchedulerEngineOptions", schema, options);
  return { ...parsed, names: new NameSpace(parsed.prefix) };
}
