import { afterAll, beforeAll, jest } from "@jest/globals";
import type { AirflowServer } from "@tidegate/test-servers";
import { conformance } from "./sharing/conformance.js";
import { faults } from "./sharing/faults.js";
import { reruns } from "./sharing/reruns.js";
import { schedules } from "./sharing/schedules.js";
import { sharedVariables } from "./sharing/shared-variables.js";
import { startAirflow } from "./support/airflow.js";

jest.setTimeout(300_000);

let airflow: AirflowServer;

// One server for all of them: to start one takes a quarter of a minute of a processor, and each costs a tenth of one for as
// long as it stands there.
beforeAll(async () => {
  airflow = await startAirflow({
    // Tokens expire while the tests run, but not before the request that they were fetched for.
    AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME: "15",
    AIRFLOW__API_AUTH__JWT_LEEWAY: "2",
  });
}, 900_000);

afterAll(() => airflow.dispose());

schedules(() => airflow);
faults(() => airflow);
reruns(() => airflow);
sharedVariables(() => airflow);
conformance(() => airflow);
