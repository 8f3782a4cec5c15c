import { SystemClock } from "@tidegate/core/clock";
import type { EngineEntry, ScheduleEngine } from "@tidegate/core/engine";
import { NameSpace } from "@tidegate/engine-kit";
import { SECRET } from "@tidegate/test-outside";
import { AirflowServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { type AirflowEngineOptions, dagFactoryFile } from "../../src/index.js";
import { FACTORY_DAG_ID, INSTALLATIONS_KEY } from "../../src/names.js";
import { settingsOf } from "../../src/options.js";
import { AirflowApi } from "../../src/rest/airflow-api.js";
import { AirflowRest } from "../../src/rest/airflow-rest.js";
import { shardPrefix } from "../../src/shard.js";
import { Shards } from "../../src/shards.js";

/** An Airflow with the factory file in its DAGs folder. Resolves when that is parsed. */
export async function startAirflow(settings: Readonly<Record<string, string>> = {}): Promise<AirflowServer> {
  const airflow = await AirflowServer.start([dagFactoryFile], settings);
  const api = apiOf(airflow);
  await until(async () => (await api.dag(FACTORY_DAG_ID)) !== undefined, {
    what: "the factory",
  });
  return airflow;
}

/** One for each server: each of them fetches a token. */
const rests = new WeakMap<AirflowServer, AirflowRest>();

/** Airflow's REST API, for a test to look with and to meddle. */
export function restOf(airflow: AirflowServer): AirflowRest {
  const settings = () => settingsOf(optionsFor(airflow, "http://127.0.0.1:9/", "test"));
  const rest = rests.get(airflow) ?? new AirflowRest(settings(), new SystemClock());
  rests.set(airflow, rest);
  return rest;
}

/** The part of it that the engine works with. */
export function apiOf(airflow: AirflowServer): AirflowApi {
  return new AirflowApi(restOf(airflow), new SystemClock());
}

/** The shards of an installation, for a test to look into and to meddle with. */
export function shardsOf(airflow: AirflowServer, prefix: string): Shards {
  return new Shards(apiOf(airflow), prefix);
}

/**
 * Ends what an installation of a test has in an Airflow that goes on: its shards are gone, its DAGs paused. It stays in
 * the list of installations, which others write at the same moment.
 */
export async function clearAway(airflow: AirflowServer, prefix: string): Promise<void> {
  const rest = restOf(airflow);
  const api = apiOf(airflow);
  const keys = [...(await api.variables(shardPrefix(prefix))).keys()];
  const removal = { action: "delete", action_on_non_existence: "skip", entities: keys };
  await rest.request("PATCH", "/variables", { body: { actions: [removal] } });
  const query = { dag_id_pattern: `${new NameSpace(prefix).prefix}%`, limit: 1_000 };
  await rest.request("PATCH", "/dags", { query, body: { is_paused: true }, accept: [404] });
}

/** What is in the list of installations. */
export async function installationsOf(api: AirflowApi): Promise<string[]> {
  return JSON.parse((await api.variable(INSTALLATIONS_KEY)) ?? "[]");
}

/** Deletes a Variable as somebody would by hand. */
export async function deleteVariable(rest: AirflowRest, key: string): Promise<void> {
  await rest.request("DELETE", `/variables/${encodeURIComponent(key)}`, { accept: [404] });
}

/** How long a busy machine may take, ms. */
const PATIENCE = { requestTimeoutMs: 60_000, dagFactoryTimeoutMs: 240_000 };

/** What an engine of a test is given. */
export function optionsFor(
  airflow: AirflowServer,
  callbackUrl: string,
  prefix: string,
): AirflowEngineOptions {
  const { url, username, password } = airflow;
  const callback = { url: callbackUrl, secret: SECRET };
  return { url, username, password, callback, prefix, finestPeriodMs: 1_000, ...PATIENCE };
}

/** What an engine holds. */
export async function listed(engine: ScheduleEngine): Promise<EngineEntry[]> {
  const entries: EngineEntry[] = [];
  for await (const entry of engine.list()) entries.push(entry);
  return entries;
}
