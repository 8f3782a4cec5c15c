import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, it } from "@jest/globals";
import { Scene } from "../scene.js";
import { Cluster } from "./cluster.js";

const PATIENCE_MS = 240_000;
const GROUPS = 30;

let cluster: Cluster;
let scene: Scene;

beforeAll(async () => {
  cluster = await Cluster.start();
}, PATIENCE_MS);

afterAll(() => cluster.dispose());

afterEach(() => scene.remove());

/** Two managers, something that happens to their servers while they are busy, and the proof afterwards. */
async function during(
  seconds: number,
  fault: () => Promise<void>,
  parts: () => object = () => ({}),
): Promise<void> {
  scene = new Scene({ groups: GROUPS, seconds, deployment: cluster.deployment });
  const managers = [scene.startManager({ parts: parts() }), scene.startManager({ parts: parts() })];
  await scene.untilSubmitted(GROUPS);
  await fault();
  for (const manager of managers) await scene.untilDone(manager);
  await scene.expectEachIntervalOnce({ mayRepeat: true });
}

/** Does something again and again, at random moments. */
async function repeatedly(times: number, fault: () => Promise<void>): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await sleep(Math.random() * 1_500);
    await fault();
  }
}

describe("every interval succeeds exactly once although", () => {
  it(
    "Redis is killed and started again with its log",
    () =>
      during(14, () =>
        repeatedly(3, async () => {
          await cluster.redis.kill();
          await cluster.redis.startAgain();
        }),
      ),
    PATIENCE_MS,
  );

  it(
    "Redis comes back empty",
    () =>
      during(16, () =>
        repeatedly(3, async () => {
          await cluster.redis.kill();
          cluster.redis.loseDisk();
          await cluster.redis.startAgain();
        }),
      ),
    PATIENCE_MS,
  );

  it(
    "Redis stands still for half a minute",
    () =>
      during(40, async () => {
        cluster.redis.freeze();
        await sleep(30_000);
        cluster.redis.thaw();
      }),
    PATIENCE_MS,
  );

  it(
    "connections to Redis are cut in the midst of commands and of answers",
    () =>
      during(
        16,
        () =>
          repeatedly(12, () => {
            const direction = Math.random() < 0.5 ? "to-server" : "to-client";
            return cluster.redisProxy.cutAfter(Math.floor(Math.random() * 4_000), direction);
          }),
        () => ({ bullmq: cluster.throughProxies.bullmq }),
      ),
    PATIENCE_MS,
  );

  it(
    "Postgres is restarted",
    () =>
      during(14, () =>
        repeatedly(3, async () => {
          await cluster.postgres.stop();
          await cluster.postgres.startAgain();
        }),
      ),
    PATIENCE_MS,
  );

  it(
    "Postgres is killed",
    () =>
      during(14, () =>
        repeatedly(3, async () => {
          await cluster.postgres.kill();
          await cluster.postgres.startAgain();
        }),
      ),
    PATIENCE_MS,
  );

  it(
    "Postgres, which fires as well, is killed",
    () =>
      during(
        14,
        () =>
          repeatedly(3, async () => {
            await cluster.postgres.kill();
            await cluster.postgres.startAgain();
          }),
        () => cluster.withoutRedis,
      ),
    PATIENCE_MS,
  );

  it(
    "connections to Postgres are cut in the midst of commands and of answers",
    () =>
      during(
        16,
        () =>
          repeatedly(12, () => {
            const direction = Math.random() < 0.5 ? "to-server" : "to-client";
            return cluster.postgresProxy.cutAfter(Math.floor(Math.random() * 20_000), direction);
          }),
        () => ({ postgres: cluster.throughProxies.postgres }),
      ),
    PATIENCE_MS,
  );
});
