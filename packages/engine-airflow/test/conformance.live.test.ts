import { afterAll, beforeAll } from "@jest/globals";
import { NameSpace } from "@tidegate/engine-kit";
import { ManagerDoor } from "@tidegate/test-outside";
import type { AirflowServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { AirflowEngine } from "../src/index.js";
import { clearAway, optionsFor, shardsOf, startAirflow } from "./support/airflow.js";

let airflow: AirflowServer;
let count = 0;

beforeAll(async () => {
  airflow = await startAirflow();
}, 900_000);

afterAll(() => airflow.dispose());

engineSuite({
  name: "airflow",
  clock: "real",
  atOnce: 6,
  many: 8,
  patienceMs: 300_000,
  supports: { definitions: true, tampering: true },
  create: async () => {
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
