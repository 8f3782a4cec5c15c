import { readFileSync } from "node:fs";
import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { SHELL_TASK } from "./task.js";

/** Options of `coverageTask`. */
export interface CoverageTaskOptions {
  /** The group to wait for, with a schedule or a source group. */
  readonly groupId: string;
  /**
   * Start of the interval: an expression of DolphinScheduler's `$[timestamp(…)]`, such as `yyyyMMddHHmmss-1/24` for an
   * hour before the scheduled time, or `add_months(yyyyMMddHHmmss,-1)`.
   */
  readonly lower: string;
  /** End of the interval, exclusive. @default "yyyyMMddHHmmss": the scheduled time */
  readonly upper?: string;
  /** The task's name in its workflow. @default "wait" */
  readonly name?: string;
  /** The file on each worker with the manager's address and token. @default "/etc/tidegate/manager.json" */
  readonly managerFile?: string;
  /** The workers that run it. @default "default" */
  readonly workerGroup?: string;
  /** How long an attempt asks before it leaves its thread, seconds; 1 to 3,600. @default 20 */
  readonly askSeconds?: number;
  /** How often it is tried again, a minute apart; 1 to 10,080. @default 1,440: a day */
  readonly attempts?: number;
}

/** A task in DolphinScheduler's form, an entry of `taskDefinitionJson` without its `code` and `version`. */
export interface CoverageTask {
  readonly name: string;
  readonly description: string;
  readonly taskType: "SHELL";
  readonly taskParams: {
    readonly localParams: readonly {
      readonly prop: string;
      readonly direct: "IN";
      readonly type: "VARCHAR";
      readonly value: string;
    }[];
    readonly rawScript: string;
    readonly resourceList: readonly [];
  };
  readonly flag: "YES";
  readonly workerGroup: string;
  readonly environmentCode: number;
  readonly delayTime: number;
  readonly failRetryTimes: number;
  /** Minutes. */
  readonly failRetryInterval: number;
  readonly [field: string]: unknown;
}

/** A time expression of DolphinScheduler, without anything that would end the parameter. */
const expression = z.string().regex(/^[A-Za-z0-9_(),+*/ :-]{1,200}$/, "must be a time expression");

const schema = z.strictObject({
  groupId: z.string().min(1).max(200),
  lower: expression,
  upper: expression.default("yyyyMMddHHmmss"),
  name: z.string().min(1).max(200).default("wait"),
  managerFile: z.string().startsWith("/").default("/etc/tidegate/manager.json"),
  workerGroup: z.string().min(1).default("default"),
  askSeconds: z.number().int().min(1).max(3_600).default(20),
  attempts: z.number().int().min(1).max(10_080).default(1_440),
});

const PYTHON = readFileSync(new URL("../python/tidegate_coverage.py", import.meta.url), "utf8");

/** The script that a worker runs, the same for all groups. */
const SCRIPT = `exec python3 -I -S - "\${tidegate}" "\${lower}" "\${upper}" <<'TIDEGATE'
${PYTHON}TIDEGATE
`;

/**
 * Returns a task for a workflow of your own that waits until a group covers an interval: a SHELL task that succeeds
 * once it does. It asks for `askSeconds`, then fails and holds no thread until DolphinScheduler tries it again.
 *
 * ```ts
 * coverageTask({ groupId: "orders", lower: "yyyyMMddHHmmss-1" }); // the day before the scheduled time
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function coverageTask(options: CoverageTaskOptions): CoverageTask {
  const parsed = parseOptions("CoverageTaskOptions", schema, options);
  const { groupId, managerFile, askSeconds } = parsed;
  const data = Buffer.from(JSON.stringify({ groupId, managerFile, askSeconds })).toString("base64url");
  const parameter = (prop: string, value: string) =>
    ({ prop, direct: "IN", type: "VARCHAR", value }) as const;
  return {
    ...SHELL_TASK,
    name: parsed.name,
    description: "Waits until a group of Tidegate covers an interval.",
    taskParams: {
      localParams: [
        parameter("tidegate", data),
        parameter("lower", `$[timestamp(${parsed.lower})]`),
        parameter("upper", `$[timestamp(${parsed.upper})]`),
      ],
      rawScript: SCRIPT,
      resourceList: [],
    },
    workerGroup: parsed.workerGroup,
    environmentCode: -1,
    delayTime: 0,
    failRetryTimes: parsed.attempts,
    failRetryInterval: 1,
  };
}
