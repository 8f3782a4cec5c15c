import { NameSpace } from "@tidegate/engine-kit";
import { ManagerDoor } from "@tidegate/test-outside";
import type { DolphinServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { DolphinSchedulerEngine } from "../../src/index.js";
import { apiOf, optionsFor, silence } from "../support/dolphin.js";

/**
 * Tests the engine by the suite of all engines.
 *
 * @param started - returns the server
 */
export function conformance(started: () => DolphinServer): void {
  let count = 0;

  engineSuite({
    name: "dolphinscheduler",
    clock: "real",
    atOnce: 6,
    many: 8,
    finestPeriodMs: 2_000,
    patienceMs: 300_000,
    supports: { definitions: true, tampering: true },
    create: async () => {
      const dolphin = started();
      count += 1;
      const prefix = `suite-${count}`;
      const door = await ManagerDoor.reserve("dolphinscheduler");
      // A project of its own, since each look at a project lists all that tests have left there.
      const options = optionsFor(dolphin, door.url, prefix, prefix);
      const api = apiOf(dolphin, prefix);
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
}
