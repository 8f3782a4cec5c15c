import type { EngineEntry, ScheduleEngine } from "@tidegate/core";
import { AirflowServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { type AirflowEngineOptions, dagFactoryFile } from "../../src/index.js";
import { FACTORY_DAG_ID } from "../../src/names.js";
import { settingsOf } from "../../src/options.js";
import { AirflowApi } from "../../src/rest/airflow-api.js";
import { AirflowRest } from "../../src/rest/airflow-rest.js";

/** What the tests sign with. */
export const SECRET = `whsec_${Buffer.from("a secret of the tests, 32 bytes!").toString("base64")}`;

/** An Airflow with the factory file in its DAGs folder. Resolves when that is parsed. */
export async function startAirflow(settings: Readonly<Record<string, string>> = {}): Promise<AirflowServer> {
  const airflow = await AirflowServer.start([dagFactoryFile], settings);
  const api = apiOf(airflow);
  await until(async () => (await api.dag(FACTORY_DAG_ID)) !== undefined, {
    what: "the factory",
    limitMs: 120_000,
  });
  return airflow;
}

/** Airflow's REST API, for a test to look with and to meddle. */
export function restOf(airflow: AirflowServer): AirflowRest {
  return new AirflowRest(settingsOf(optionsFor(airflow, "http://127.0.0.1:9/", "test")));
}

/** The part of it that the engine works with. */
export function apiOf(airflow: AirflowServer): AirflowApi {
  return new AirflowApi(restOf(airflow));
}

/** What an engine of a test is given. */
export function optionsFor(
  airflow: AirflowServer,
  callbackUrl: string,
  prefix: string,
): AirflowEngineOptions {
  const { url, username, password } = airflow;
  const callback = { url: callbackUrl, secret: SECRET };
  return { url, username, password, callback, prefix, finestPeriodMs: 1_000 };
}

/** What an engine holds. */
export async function listed(engine: ScheduleEngine): Promise<EngineEntry[]> {
  const entries: EngineEntry[] = [];
  for await (const entry of engine.list()) entries.push(entry);
  return entries;
}
