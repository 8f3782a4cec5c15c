import { readFileSync } from "node:fs";
import { type Definition, decoded, encoded } from "./definition.js";
import type { EngineSettings } from "./options.js";

/** The parameter that holds the definition. */
const PARAMETER = "tidegate";

/** The name of a workflow's one task. */
const TASK = "fire";

/** DolphinScheduler waits whole minutes between the attempts of a task that could not fire. */
const RETRY_TIMES = 3;
const RETRY_MINUTES = 1;

const MINUTE_MS = 60_000;

const PYTHON = readFileSync(new URL("../python/tidegate_fire.py", import.meta.url), "utf8");

/**
 * The script that a worker runs, the same for all schedules. DolphinScheduler inserts the definition, which
 * is base64url, and the scheduled time: it writes and reads the latter in its own zone, so the result is
 * seconds since 1970 whatever that zone is. Python starts without the packages of its site, which take a quarter of a
 * task's processor time to be found, and on which nothing here depends.
 */
export const SCRIPT = `exec python3 -I -S - "\${${PARAMETER}}" "$[timestamp(yyyyMMddHHmmss)]" <<'TIDEGATE'
${PYTHON}TIDEGATE
`;

/** Fields of a task that are the same for all. */
export const SHELL_TASK = {
  taskType: "SHELL",
  flag: "YES",
  taskPriority: "MEDIUM",
  timeoutFlag: "CLOSE",
  timeoutNotifyStrategy: "",
  timeout: 0,
  // Fields since 3.2.
  taskExecuteType: "BATCH",
  isCache: "NO",
  cpuQuota: -1,
  memoryMax: -1,
} as const;

/** A task as DolphinScheduler returns it; other fields are ignored. */
export interface TaskDefinition {
  readonly code: number;
  readonly version: number;
  readonly taskType: string;
  readonly flag: string;
  readonly delayTime: number;
  readonly workerGroup: string;
  readonly environmentCode: number;
  readonly failRetryTimes: number;
  /** JSON, or the parsed object. */
  readonly taskParams: string | TaskParams;
}

interface TaskParams {
  readonly rawScript: string;
  readonly localParams: readonly { readonly prop: string; readonly value: string }[];
}

/** Returns the task of a schedule in DolphinScheduler's form. */
export function taskOf(
  definition: Definition,
  settings: EngineSettings,
  { code, version }: { readonly code: number; readonly version: number },
): TaskDefinition {
  const localParams = [{ prop: PARAMETER, direct: "IN", type: "VARCHAR", value: encoded(definition) }];
  const task = {
    ...SHELL_TASK,
    code,
    version,
    name: TASK,
    description: "Posts a fire to Tidegate.",
    taskParams: { localParams, rawScript: SCRIPT, resourceList: [] },
    workerGroup: settings.workerGroup,
    environmentCode: settings.environmentCode,
    delayTime: Math.floor(definition.waitMs / MINUTE_MS),
    failRetryTimes: RETRY_TIMES,
    failRetryInterval: RETRY_MINUTES,
  };
  return task;
}

/** Returns the definition in a task; `undefined` if somebody has changed the task. */
export function definitionIn(task: TaskDefinition, settings: EngineSettings): Definition | undefined {
  const { rawScript, localParams } = paramsOf(task);
  const definition = decoded(localParams?.find(({ prop }) => prop === PARAMETER)?.value ?? "");
  if (definition === undefined || rawScript !== SCRIPT || localParams.length !== 1) return undefined;
  const wanted = taskOf(definition, settings, task);
  return COMPARED.every((field) => String(task[field]) === String(wanted[field])) ? definition : undefined;
}

/** Fields that somebody may have changed by hand, with an effect on what is fired. */
const COMPARED = [
  "taskType",
  "flag",
  "delayTime",
  "workerGroup",
  "environmentCode",
  "failRetryTimes",
] as const;

function paramsOf({ taskParams }: TaskDefinition): Partial<TaskParams> & Pick<TaskParams, "localParams"> {
  const params = typeof taskParams === "string" ? JSON.parse(taskParams) : taskParams;
  return { localParams: [], ...params };
}
