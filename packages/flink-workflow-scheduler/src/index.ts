export type { WorkflowSchedulerOptions } from "./options.js";
export type { TablePolicies } from "./table-schedule.js";
export {
  createWorkflowScheduler,
  type ListenAddress,
  type WorkflowScheduler,
} from "./workflow-scheduler.js";
