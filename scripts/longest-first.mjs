import Sequencer from "@jest/test-sequencer";

/** Seconds of the longest test files, for a machine's first run: afterwards Jest knows its own. */
const SECONDS = {
  "engine-airflow/test/conformance.live.test.ts": 250,
  "engine-airflow/test/airflow.live.test.ts": 240,
  "engine-dolphinscheduler/test/conformance.live.test.ts": 230,
  "engine-dolphinscheduler/test/dolphin.live.test.ts": 220,
  "engine-airflow/test/faults.live.test.ts": 160,
  "test/faults/distributed/servers.test.ts": 155,
  "test/faults/distributed/managers.test.ts": 145,
  "operator-flink/test/faults.live.test.ts": 130,
  "operator-flink/test/flink.live.test.ts": 120,
  "operator-flink/test/connectors.live.test.ts": 110,
  "test/histories/combinations.test.ts": 100,
  "engine-bullmq/test/faults.test.ts": 95,
  "engine-bullmq/test/processes.test.ts": 90,
  "test/histories/random.test.ts": 60,
  "engine-airflow/test/shards.live.test.ts": 60,
  "engine-airflow/test/reruns.live.test.ts": 60,
};

/** Orders test files so that the longest start first: one that starts last would be waited for alone. */
export default class LongestFirst extends Sequencer {
  time(test) {
    return super.time(test) ?? 1_000 * secondsOf(test.path);
  }
}

function secondsOf(path) {
  const name = Object.keys(SECONDS).find((end) => path.endsWith(end));
  return SECONDS[name] ?? (path.endsWith(".live.test.ts") ? 40 : 1);
}
