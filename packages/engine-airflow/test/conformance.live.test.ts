import { afterAll, beforeAll } from "@jest/globals";
import type { AirflowServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { AirflowEngine } from "../src/index.js";
import { keyOf, keyPrefix } from "../src/names.js";
import { apiOf, optionsFor, startAirflow } from "./support/airflow.js";
import { ManagerDoor } from "./support/manager-door.js";

let airflow: AirflowServer;
let count = 0;

beforeAll(async () => {
  airflow = await startAirflow();
}, 900_000);

afterAll(() => airflow.dispose());

engineSuite({
  name: "airflow",
  clock: "real",
  many: 8,
  patienceMs: 90_000,
  supports: { definitions: true, tampering: true },
  create: async () => {
    count += 1;
    const prefix = `suite-${count}`;
    const door = await ManagerDoor.reserve();
    const options = optionsFor(airflow, door.url, prefix);
    const api = apiOf(airflow);
    const stranger = new AirflowEngine(options);
    return {
      engine: new AirflowEngine(options),
      reopen: async () => new AirflowEngine(options),
      serve: (tidegate) => door.serve(tidegate),
      forget: (groupId) => api.deleteVariables([keyOf(prefix, groupId)]),
      inject: (schedule) => stranger.handleRegister([schedule]),
      dispose: async () => {
        const keys = [...(await api.variableKeys(keyPrefix(prefix)))];
        await api.deleteVariables(keys);
        for (const key of keys) await api.setPaused(key, true);
      },
    };
  },
});
