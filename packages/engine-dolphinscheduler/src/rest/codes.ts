/** An instance of the workflow runs. */
export const EXECUTING = 10_163;

/** There is no such workflow. */
export const WORKFLOW_GONE = 50_003;
