/** An instance of the workflow runs. */
export const EXECUTING = 10_163;

/** The workflow is online, and is to be offline for what was asked. */
export const STILL_ONLINE = 50_021;

/** There is no such workflow. */
export const WORKFLOW_GONE = 50_003;
