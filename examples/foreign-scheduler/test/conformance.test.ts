import { SystemClock } from "@tidegate/core/clock";
import { NameSpace } from "@tidegate/engine-kit";
import { ManagerDoor, SECRET } from "@tidegate/test-outside";
import { engineSuite } from "@tidegate/testkit";
import { CronpostScheduler } from "../src/cronpost-scheduler.js";
import { cronpostEngine } from "../src/index.js";
import { Cronpost } from "./support/cronpost.js";

engineSuite({
  name: "cronpost",
  clock: "real",
  atOnce: 4,
  many: 50,
  supports: { definitions: true, tampering: true },
  create: async () => {
    const cronpost = await Cronpost.start(SECRET);
    const door = await ManagerDoor.reserve("cronpost");
    const options = { url: cronpost.url, callbackUrl: door.url };
    const stranger = new CronpostScheduler(options, new SystemClock());
    return {
      engine: cronpostEngine(options),
      serve: (tidegate) => door.serve(tidegate),
      forget: async (groupId) => cronpost.remove(new NameSpace("main").nameOf(groupId)),
      inject: (schedule) => stranger.register([schedule]),
      dispose: () => cronpost.dispose(),
    };
  },
});
