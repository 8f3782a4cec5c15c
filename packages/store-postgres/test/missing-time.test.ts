import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { aNewSchedule, aPlan, MINUTE, START } from "@tidegate/testkit";
import { Database } from "../src/database.js";
import { missingTimes } from "../src/missing-time.js";
import type { PostgresStore } from "../src/postgres-store.js";
import { StoreScene } from "./support/stores.js";

/**
 * A database that answers statements which are under way together in the reverse of their order, and in which others
 * write after each answer.
 */
class BusyDatabase extends Database {
  readonly #meanwhile: () => Promise<unknown>;
  readonly #waiting: (() => Promise<void>)[] = [];

  constructor(connectionString: string, meanwhile: () => Promise<unknown>) {
    super({
      addresses: { urls: [connectionString], connectTimeoutMs: undefined },
      poolSize: 2,
      connectTimeoutMs: 30_000,
      statementTimeoutMs: 30_000,
    });
    this.#meanwhile = meanwhile;
  }

  override query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => super.query<Row>(text, values).then(resolve, reject));
      if (this.#waiting.length === 1) void this.#answer();
    });
  }

  async #answer(): Promise<void> {
    await setImmediate();
    for (const answer of this.#waiting.splice(0).reverse()) {
      await answer();
      await this.#meanwhile();
    }
  }
}

let scene: StoreScene;
let store: PostgresStore;

beforeAll(async () => {
  scene = await StoreScene.make();
  store = await scene.open();
}, 180_000);

afterAll(() => scene.dispose());

it("is that of a run which is planned while it is asked for", async () => {
  await store.insertSchedules([aNewSchedule()]);
  const [schedule] = await store.getSchedules(["orders"]);
  let planned: Promise<readonly boolean[]> | undefined;
  const busy = new BusyDatabase(scene.url, async () => {
    planned ??= store.plan([aPlan(schedule!)]);
    expect(await planned).toEqual([true]);
  });
  const within = { lower: START, upper: START + MINUTE };
  const query = { groupId: "orders", within, by: "succeeded" } as const;
  expect(await missingTimes(busy, '"tidegate"', [query])).toEqual([[within]]);
  await busy.close();
});
