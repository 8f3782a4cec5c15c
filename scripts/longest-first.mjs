import Sequencer from "@jest/test-sequencer";

/** Seconds of the longest test files, for a machine's first run: afterwards Jest knows its own. */
const SECONDS = {
  "engine-airflow/test/airflow.live.test.ts": 600,
  "engine-dolphinscheduler/test/dolphin.live.test.ts": 380,
  "operator-flink/test/faults.live.test.ts": 200,
  "test/faults/distributed/managers.test.ts": 190,
  "test/faults/distributed/servers.test.ts": 180,
  "store-postgres/test/conformance.test.ts": 180,
  "foreign-scheduler/test/conformance.test.ts": 60,
  "engine-dolphinscheduler/test/conformance.live.test.ts": 170,
  "test/histories/combinations.test.ts": 160,
  "engine-bullmq/test/processes.test.ts": 130,
  "pipeline/test/pipeline.live.test.ts": 110,
  "engine-bullmq/test/faults.test.ts": 110,
  "flink-sync/test/flink-sync.live.test.ts": 110,
  "kafka-sync/test/kafka-sync.live.test.ts": 80,
  "store-sqlite/test/conformance.test.ts": 60,
  "operator-flink/test/connectors.live.test.ts": 100,
  "flink-workflow-scheduler/test/tables.live.test.ts": 100,
  "test/histories/random.test.ts": 80,
  "dashboard/test/pages.test.ts": 80,
  "operator-flink/test/flink.live.test.ts": 130,
  "operator-flink/test/materialized-table/tables.live.test.ts": 110,
  "flink-materialized-table/test/flink-materialized-table.live.test.ts": 70,
  "operator-seatunnel/test/conformance.live.test.ts": 60,
  "operator-flink/test/high-availability.live.test.ts": 60,
  "engine-dolphinscheduler/test/template.test.ts": 60,
  "dolphinscheduler/test/dolphinscheduler.live.test.ts": 60,
  "test/faults/campaign/campaign.test.ts": 50,
  "operator-duckdb/test/postgres/reading.test.ts": 50,
  "engine-bullmq/test/connection-postgres.test.ts": 40,
  "manager/test/rest.test.ts": 30,
  "cli/test/definitions.test.ts": 30,
  "operator-duckdb/test/postgres/crashing.test.ts": 30,
  "cli/test/store.test.ts": 30,
  "two-managers/test/two-managers.test.ts": 30,
  "test/types/consumer.test.ts": 30,
  "demonstration/test/demonstration.test.ts": 30,
  "engine-bullmq/test/conformance.test.ts": 30,
  "engine-bullmq/test/conformance-postgres.test.ts": 30,
  "manager/test/http-errors.test.ts": 30,
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
