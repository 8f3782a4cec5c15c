import { afterAll, beforeAll } from "@jest/globals";
import { NameSpace } from "@tidegate/engine-kit";
import { ManagerDoor } from "@tidegate/test-outside";
import type { DolphinServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { DolphinSchedulerEngine } from "../src/index.js";
import { apiOf, optionsFor, silence, startDolphin } from "./support/dolphin.js";

let dolphin: DolphinServer;
let count = 0;

beforeAll(async () => {
  dolphin = await startDolphin();
}, 1_200_000);

afterAll(() => dolphin.dispose());

engineSuite({
  name: "dolphinscheduler",
  clock: "real",
  atOnce: 6,
  many: 8,
  finestPeriodMs: 2_000,
  patienceMs: 300_000,
  supports: { definitions: true, tampering: true },
  create: async () => {
    count += 1;
    const prefix = `suite-${count}`;
    const door = await ManagerDoor.reserve("dolphinscheduler");
    const options = optionsFor(dolphin, door.url, prefix);
    const api = apiOf(dolphin);
    const stranger = new DolphinSchedulerEngine(options);
    return {
      engine: new DolphinSchedulerEngine(options),
      reopen: async () => new DolphinSchedulerEngine(options),
      serve: (tidegate) => door.serve(tidegate),
      forget: async (groupId) => {
        const name = new NameSpace(prefix).nameOf(groupId);
        const code = await api.codeOf(name);
        if (code !== undefined) await api.release(code, name, "OFFLINE");
      },
      inject: (schedule) => stranger.handleRegister([schedule]),
      dispose: () => silence(api, prefix),
    };
  },
});
