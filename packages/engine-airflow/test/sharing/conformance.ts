import { NameSpace } from "@tidegate/engine-kit";
import { ManagerDoor } from "@tidegate/test-outside";
import type { AirflowServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { AirflowEngine } from "../../src/index.js";
import { clearAway, optionsFor, shardsOf } from "../support/airflow.js";

/**
 * Tests the engine by the suite of all engines.
 *
 * @param started - returns a server with the factory file in place
 */
export function conformance(started: () => AirflowServer): void {
  let count = 0;

  engineSuite({
    name: "airflow",
    clock: "real",
    atOnce: 6,
    many: 8,
    patienceMs: 300_000,
    supports: { definitions: true, tampering: true },
    create: async () => {
      const airflow = started();
      count += 1;
      const prefix = `suite-${count}`;
      const door = await ManagerDoor.reserve("airflow");
      const options = optionsFor(airflow, door.url, prefix);
      const shards = shardsOf(airflow, prefix);
      const stranger = new AirflowEngine(options);
      return {
        engine: new AirflowEngine(options),
        reopen: async () => new AirflowEngine(options),
        serve: (tidegate) => door.serve(tidegate),
        forget: async (groupId) => {
          await shards.change(new Map([[new NameSpace(prefix).nameOf(groupId), null]]));
        },
        inject: (schedule) => stranger.handleRegister([schedule]),
        dispose: () => clearAway(airflow, prefix),
      };
    },
  });
}
