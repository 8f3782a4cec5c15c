/** An instance of the workflow is running. */
export const EXECUTING = 10_163;

/** The workflow is online, and must be offline for the request. */
export const STILL_ONLINE = 50_021;

/** The workflow does not exist. */
export const WORKFLOW_GONE = 50_003;
