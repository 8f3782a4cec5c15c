import { z } from "zod";

const text = z.string().min(1).max(2_000);
const settings = z
  .record(z.string().max(200), z.string().max(2_000))
  .nullish()
  .transform((given) => given ?? {});

/** Body that Flink's client sends to `create`. Later versions may send more. */
export const createBody = z.object({
  materializedTableIdentifier: text,
  cronExpression: text,
  initConfig: settings,
  executionConfig: settings,
});

/** Reference to a workflow, as `create` returned it. */
export const workflowBody = z.object({ workflowName: text, workflowGroup: text });

export const resumeBody = workflowBody.extend({ dynamicOptions: settings });

export type CreateBody = z.infer<typeof createBody>;
export type WorkflowName = z.infer<typeof workflowBody>;
