import { operatorSuite } from "@tidegate/testkit";
import { createFunctionOperator, type JobFunctions } from "../src/index.js";
import { aRequest } from "./request.js";

operatorSuite({
  name: "FunctionOperator",
  create: async () => {
    /** The target that the functions write to: one entry for each interval. */
    const target = new Map<number, string>();
    /** What the parts of intervals have written, until it is published. */
    const staged = new Map<string, number>();
    const functions: JobFunctions = {
      load: ({ lower, key }) => {
        target.set(lower.getTime(), key);
        return { rowsRead: 1, rowsWritten: 1 };
      },
      pieces: {
        split: ({ lower, target }) => ({
          shards: Array.from({ length: target }, (_, n) => ({
            key: `${n} of ${lower.toISOString()}`,
            args: { n },
          })),
        }),
        run: ({ shard, lower }) => void staged.set(`${lower.getTime()} ${shard?.key}`, lower.getTime()),
        merge: ({ lower, key }) => {
          if ([...staged.values()].includes(lower.getTime())) target.set(lower.getTime(), key);
        },
      },
      dawdle: ({ signal }) => new Promise((_, reject) => (signal.onabort = () => reject(signal.reason))),
      tell: ({ log }) => {
        log("one\ntwo\n");
        log("three");
      },
      fail: () => {
        throw new Error("The source is away.");
      },
    };
    const operator = createFunctionOperator(functions);
    const requests = (name: string) => (overrides: object | undefined) =>
      aRequest({ function: name }, overrides);
    return {
      operator,
      request: requests("load"),
      slowRequest: requests("dawdle"),
      failingRequest: requests("fail"),
      loggedRequest: requests("tell"),
      splitRequest: requests("pieces"),
      malformedJob: { function: "lod" },
      misshapenJobs: [{ function: "lod" }, { function: "load", args: [] }, { function: "load", arg: {} }],
      effects: async ({ lowerBound }) => (target.has(Number(lowerBound)) ? 1 : 0),
      dispose: () => operator.stop(),
    };
  },
  // A call dies with its process and leaves nothing that could be looked up.
  supports: { restart: false, split: true, logs: true },
});
