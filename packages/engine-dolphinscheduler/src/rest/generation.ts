/** DolphinScheduler's names of resources and fields, which 3.3 has changed. */
export interface Generation {
  /** The path segment of workflows. */
  readonly definitions: string;
  readonly instances: string;
  /** The field with a workflow's code. */
  readonly code: string;
  /** The same field when listing instances. */
  readonly codeOfInstances: string;
  readonly instanceId: string;
  readonly priority: string;
  /** The field of an answer with the workflow itself. */
  readonly definition: string;
}

/** DolphinScheduler 3.1 and 3.2. */
export const PROCESS: Generation = {
  definitions: "process-definition",
  instances: "process-instances",
  code: "processDefinitionCode",
  codeOfInstances: "processDefineCode",
  instanceId: "processInstanceId",
  priority: "processInstancePriority",
  definition: "processDefinition",
};

/** DolphinScheduler 3.3 and newer. */
export const WORKFLOW: Generation = {
  definitions: "workflow-definition",
  instances: "workflow-instances",
  code: "workflowDefinitionCode",
  codeOfInstances: "workflowDefinitionCode",
  instanceId: "workflowInstanceId",
  priority: "workflowInstancePriority",
  definition: "workflowDefinition",
};
