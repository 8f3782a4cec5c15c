// A project of a user: compiled by the test beside it, under each way in which TypeScript resolves modules.
import { createTidegate, type Run, type ScheduleInfo, type TidegateEmitter } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { functionOperator } from "@tidegate/operator-function";
import { sqliteStore } from "@tidegate/store-sqlite";

/** True only when a type is `any`: then everything can be assigned to it, and it to everything. */
type IsAny<T> = 0 extends 1 & T ? true : false;

interface Work {
  readonly function: string;
}
const job: Work = { function: "load" };

const tidegate = createTidegate({
  store: sqliteStore({ path: "tidegate.db" }),
  engines: [embeddedEngine()],
  operators: [
    functionOperator({ load: async ({ lower, upper }) => void [lower.getTime(), upper.getTime()] }),
  ],
});
tidegate.events.on("run-state", ({ run, from }) => console.log(run.lower.toFixed(), run.state, from));
// @ts-expect-error There is no event of this name.
tidegate.events.on("run-stat", () => {});

export const typed: [IsAny<TidegateEmitter>, IsAny<typeof tidegate.events>, IsAny<Run>] = [
  false,
  false,
  false,
];
export const info: ScheduleInfo = {
  groupId: "ticks",
  trigger: { type: "period", every: 1, unit: "second" },
  job: { ...job },
};
export const memory = new MemoryStore();
export const registered = tidegate.client.ensure(info);
export const { container } = tidegate;
