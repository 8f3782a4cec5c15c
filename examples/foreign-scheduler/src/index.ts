import { engineModule, ForeignEngine } from "@tidegate/engine-kit";
import { type CronpostOptions, CronpostScheduler } from "./cronpost-scheduler.js";

export type { CronpostOptions };

/** Brings the engine on Cronpost, named `cronpost`, to a Tidegate. */
export const cronpostEngine = (options: CronpostOptions) =>
  engineModule(({ clock }) => {
    const scheduler = new CronpostScheduler(options, clock);
    return new ForeignEngine({ engineType: "cronpost", finestPeriodMs: 1_000, scheduler });
  });
