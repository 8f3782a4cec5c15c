import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { freePort, PostgresServer, TcpProxy } from "@tidegate/test-servers";
import { aNewSchedule } from "@tidegate/testkit";
import { PostgresStore } from "../src/index.js";

let primary: PostgresServer;
/** One that takes no writes, as a standby does. */
let standby: PostgresServer;

beforeAll(async () => {
  primary = await PostgresServer.start();
  standby = await PostgresServer.start(["fsync=off", "default_transaction_read_only=on"]);
}, 180_000);

afterAll(async () => {
  await primary?.dispose();
  await standby?.dispose();
});

/** A store on these hosts, in a schema of its own. */
async function withStore(
  connectionString: string,
  schema: string,
  use: (store: PostgresStore) => Promise<void>,
): Promise<void> {
  const store = new PostgresStore({ connectionString, schema, connectTimeoutMs: 60_000 });
  await store.open();
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

const insert = (store: PostgresStore, groupId: string): Promise<boolean[]> => {
  const schedule = aNewSchedule();
  return store.insertSchedules([{ ...schedule, spec: { ...schedule.spec, groupId } }]);
};

describe("a store of several hosts", () => {
  it.each(["URL", "keywords"])("finds the one that takes writes (%s)", async (form) => {
    const ports = [await freePort(), standby.port, primary.port];
    const text =
      form === "URL"
        ? `postgres://tidegate@${ports.map((port) => `127.0.0.1:${port}`).join(",")}/postgres`
        : `host=127.0.0.1,127.0.0.1,127.0.0.1 port=${ports.join(",")} user=tidegate dbname=postgres`;
    await withStore(text, `finds_${form}`, async (store) => {
      expect(await insert(store, "orders")).toEqual([true]);
      const found = await primary.query<{ count: string }>(`SELECT count(*) FROM "finds_${form}".schedule`);
      expect(Number(found[0]!.count)).toBe(1);
    });
  });

  it("goes on with another way to it when the one in use breaks, with nothing to restart", async () => {
    const ways = [await TcpProxy.start(primary.port), await TcpProxy.start(primary.port)];
    const text = `postgres://tidegate@${ways.map(({ port }) => `127.0.0.1:${port}`).join(",")}/postgres`;
    await withStore(text, "breaks", async (store) => {
      await insert(store, "first");
      ways[0]!.sever();
      // A call under way, or on a broken connection, fails once; the caller repeats it.
      const again = async (groupId: string): Promise<boolean[]> =>
        insert(store, groupId).catch(() => insert(store, groupId));
      expect(await again("second")).toEqual([true]);
      ways[0]!.mend();
      ways[1]!.sever();
      expect(await again("third")).toEqual([true]);
    });
    await Promise.all(ways.map((way) => way.dispose()));
  });

  it("leaves a host that no longer takes writes, and comes back to it when it does", async () => {
    const text = `postgres://tidegate@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres`;
    const setReadOnly = async (value: "on" | "off"): Promise<void> => {
      await primary.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
      await primary.query("SELECT pg_reload_conf()");
    };
    await withStore(text, "demoted", async (store) => {
      await insert(store, "first");
      await setReadOnly("on");
      // The settings of open connections follow soon after.
      let refusal: unknown;
      for (let n = 0; refusal === undefined; n += 1)
        await insert(store, `group-${n}`).catch((error: unknown) => {
          refusal = error;
        });
      expect(refusal).toMatchObject({ code: "STORE_READ_ONLY" });
      await setReadOnly("off").catch(async () => {
        await primary.query("SET default_transaction_read_only = off");
      });
      let inserted: boolean[] | undefined;
      while (inserted === undefined) inserted = await insert(store, "last").catch(() => undefined);
      expect(inserted).toEqual([true]);
    });
  });

  it("tells of a wrong user at once, and names all hosts without a password", async () => {
    const hosts = `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`;
    const store = new PostgresStore({ connectionString: `postgres://nobody:secret@${hosts}/postgres` });
    await expect(store.open()).rejects.toThrow(
      `postgres://127.0.0.1:${primary.port}/postgres, postgres://127.0.0.1:${standby.port}/postgres: refuses this user`,
    );
  });
});
