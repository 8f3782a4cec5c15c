import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RedisServer } from "@tidegate/test-servers";
import { BullmqEngine } from "../src/index.js";
import { Bed } from "./support/bed.js";

const CANARY = "canary-6f0f2b1c9d";

let redis: RedisServer;

beforeAll(async () => {
  // What Redis dumps of a key is to be readable.
  redis = await RedisServer.start(["--rdbcompression", "no"]);
});

afterAll(() => redis.dispose());

describe("what Redis holds of a schedule", () => {
  it("has nothing of its job, where secrets may be", async () => {
    const bed = new Bed(new BullmqEngine({ connection: redis.connection, commandTimeoutMs: 60_000 }));
    await bed.tidegate.start();
    await bed.register(1, "secretive", { job: { password: CANARY, nested: { token: CANARY } } });
    await bed.untilEachRan(2);
    const client = redis.client();
    await client.set("control", `before ${CANARY} after`);
    expect(await keysWith(CANARY)).toEqual(["control"]);
    expect((await client.dbsize()) > 1).toBe(true);
    await client.quit();
    await bed.tidegate.stop();
  });
});

/** The keys whose names or contents have a text in them. */
async function keysWith(text: string): Promise<string[]> {
  const client = redis.client();
  const found: string[] = [];
  for (const key of await client.keys("*")) {
    const content = await client.dumpBuffer(key);
    if (key.includes(text) || content?.includes(text)) found.push(key);
  }
  await client.quit();
  return found;
}
