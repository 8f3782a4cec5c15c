import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createTidegate, type Tidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { createManager, type Manager, outsideEngine } from "@tidegate/manager";
import { findAirflow } from "@tidegate/test-servers";
import { coverageSensorFile } from "../src/index.js";

const TOKEN = "a-token-of-the-tests";
const T0 = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

/** The beginning of each line with an answer; Airflow prints others. */
const ANSWER = "=> ";

/** Runs the sensors of each line that it reads, as tasks do, and prints how each ended. It takes seconds to load Airflow. */
const SCRIPT = `
import json, sys
from datetime import timedelta
from tidegate_coverage import TidegateCoverageSensor

def ended(given):
    if "wait_for" in given:
        given["wait_for"] = timedelta(seconds=given["wait_for"])
    try:
        return {"result": TidegateCoverageSensor(task_id="wait", **given).execute({})}
    except BaseException as end:
        deferral = {"method": end.method_name, "kwargs": end.kwargs} if hasattr(end, "method_name") else {}
        return {"raised": type(end).__name__, "message": str(end), **deferral}

for line in sys.stdin:
    print("${ANSWER}" + json.dumps([ended(given) for given in json.loads(line)]), flush=True)
`;

describe("TidegateCoverageSensor", () => {
  let tidegate: Tidegate;
  let manager: Manager;
  let home: string;
  let sensors: ChildProcess;
  let answers: AsyncIterator<string>;
  let groupId: string;
  let count = 0;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "tidegate-airflow-"));
    const operator = {
      operatorType: "none",
      submit: async () => ({ jobId: "1" }),
      find: async () => undefined,
      wait: async () => ({ state: "SUCCEEDED" }) as const,
      cancel: async () => {},
    };
    tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [outsideEngine("airflow")],
      operators: [operator],
    });
    manager = createManager({ tidegate, authorize: { token: TOKEN }, logger: false });
    const url = await manager.listen();
    const connection = (password: object): string =>
      JSON.stringify({ conn_type: "generic", password: JSON.stringify(password) });
    const env = {
      ...process.env,
      AIRFLOW_HOME: home,
      AIRFLOW__CORE__LOAD_EXAMPLES: "False",
      AIRFLOW_CONN_TIDEGATE_MANAGER: connection({ url, token: TOKEN }),
      AIRFLOW_CONN_STRANGER: connection({ url, token: "another-token-of-the-tests" }),
      AIRFLOW_CONN_NOWHERE: connection({ url: "http://127.0.0.1:9", token: TOKEN }),
      PYTHONPATH: dirname(coverageSensorFile),
    };
    sensors = spawn(await findAirflow(), ["-c", SCRIPT], { env, stdio: ["pipe", "pipe", "inherit"] });
    answers = createInterface({ input: sensors.stdout! })[Symbol.asyncIterator]();
  }, 900_000);

  afterAll(async () => {
    sensors.stdin!.end();
    if (sensors.exitCode === null && sensors.signalCode === null) await once(sensors, "exit");
    await manager.close();
    rmSync(home, { recursive: true });
  });

  beforeEach(async () => {
    count += 1;
    groupId = `deliveries-${count}`;
    await tidegate.client.registerSource({ groupId, startTime: T0 });
  });

  /** Runs a sensor with each of these arguments, one after the other. */
  async function sense(...given: readonly object[]): Promise<object[]> {
    const bounds = { lower: "2026-01-01T00:00:00+00:00", upper: "2026-01-01T02:00:00+00:00" };
    const all = JSON.stringify(given.map((one) => ({ group_id: groupId, ...bounds, ...one })));
    sensors.stdin!.write(`${all}\n`);
    for (;;) {
      const { value: line, done } = await answers.next();
      if (done === true) throw new Error(`Python ended with ${sensors.exitCode ?? sensors.signalCode}.`);
      if (line.startsWith(ANSWER)) return JSON.parse(line.slice(ANSWER.length)) as object[];
    }
  }

  it("returns the digest of what it waited for, as soon as all of it is covered", async () => {
    await tidegate.client.reportCoverage(groupId, { lower: T0, upper: T0 + 2 * HOUR });
    const { generationDigest } = await tidegate.client.coverage(groupId, {
      lower: T0,
      upper: T0 + 2 * HOUR,
    });
    expect(await sense({})).toEqual([{ result: generationDigest }]);
  });

  it("leaves its slot while something is missing, and comes back later and later", async () => {
    await tidegate.client.reportCoverage(groupId, { lower: T0, upper: T0 + HOUR });
    expect(await sense({})).toMatchObject([
      { raised: "TaskDeferred", method: "watch", kwargs: { until: null, away: 7.5 } },
    ]);
  });

  it("fails when its wait is over, and for what cannot succeed", async () => {
    expect(await sense({ wait_for: 0 }, { group_id: "nobody" }, { connection_id: "stranger" })).toMatchObject(
      [
        { raised: "AirflowFailException", message: expect.stringContaining("does not cover") },
        { raised: "AirflowFailException", message: expect.stringContaining("404") },
        { raised: "AirflowFailException", message: expect.stringContaining("401") },
      ],
    );
  });

  it("is retried when the manager cannot be reached, without a word about its token", async () => {
    const [answer] = await sense({ connection_id: "nowhere" });
    expect(answer).toMatchObject({ raised: "AirflowException" });
    expect(JSON.stringify(answer)).not.toContain(TOKEN);
  });
});
