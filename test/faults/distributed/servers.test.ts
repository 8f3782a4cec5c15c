import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, it } from "@jest/globals";
import type { TcpProxy } from "@tidegate/test-servers";
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

/**
 * Two managers, something that happens to their servers while they are busy, and the proof afterwards.
 *
 * @param fault - is told when the managers are done: what waits for their traffic would wait for ever
 */
async function during(
  seconds: number,
  fault: (done: Promise<void>) => Promise<void>,
  parts: () => object = () => ({}),
): Promise<void> {
  scene = new Scene({ groups: GROUPS, seconds, deployment: cluster.deployment });
  const managers = [scene.startManager({ parts: parts() }), scene.startManager({ parts: parts() })];
  await scene.untilSubmitted(GROUPS);
  const done = Promise.all(managers.map((manager) => scene.untilDone(manager))).then(() => {});
  await fault(done);
  await done;
  await scene.expectEachIntervalOnce({ mayRepeat: true });
}

/** Does something again and again, at random moments. */
async function repeatedly(times: number, fault: () => Promise<void>): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await sleep(Math.random() * 1_500);
    await fault();
  }
}

/** Cuts the connection on which one of the next so many bytes passes, either way. */
function cutOnce(proxy: TcpProxy, within: number): Promise<void> {
  const direction = Math.random() < 0.5 ? "to-server" : "to-client";
  return proxy.cutAfter(Math.floor(Math.random() * within), direction);
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
        (done) => repeatedly(12, () => Promise.race([cutOnce(cluster.redisProxy, 4_000), done])),
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
        (done) => repeatedly(12, () => Promise.race([cutOnce(cluster.postgresProxy, 20_000), done])),
        () => ({ postgres: cluster.throughProxies.postgres }),
      ),
    PATIENCE_MS,
  );
});
