import { afterAll, beforeAll, jest } from "@jest/globals";
import type { AirflowServer } from "@tidegate/test-servers";
import { faults } from "./sharing/faults.js";
import { reruns } from "./sharing/reruns.js";
import { startAirflow } from "./support/airflow.js";

jest.setTimeout(300_000);

let airflow: AirflowServer;

// One server for all of them: to start one takes half a minute of a processor.
beforeAll(async () => {
  airflow = await startAirflow({
    // Tokens expire while the tests run, but not before the request that they were fetched for.
    AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME: "15",
    AIRFLOW__API_AUTH__JWT_LEEWAY: "2",
  });
}, 900_000);

afterAll(() => airflow.dispose());

faults(() => airflow);
reruns(() => airflow);
