import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { SqliteStore } from "../src/sqlite-store.js";
import { newSchedule, temporaryDirectory } from "./support/stores.js";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
const stores: SqliteStore[] = [];

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, "tidegate.db");
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  directory.remove();
});

async function opened(namespace: string): Promise<SqliteStore> {
  const store = new SqliteStore({ path });
  await store.open(namespace);
  stores.push(store);
  return store;
}

async function groupsOf(store: SqliteStore): Promise<string[]> {
  return (await store.listSchedules({}, {})).items.map(({ spec }) => spec.groupId);
}

const databases = (): string[] => readdirSync(directory.path).filter((name) => name.endsWith(".db"));

describe("namespaces at one path", () => {
  it("have a file each, and are open at the same time", async () => {
    const shop = await opened("shop");
    const depot = await opened("depot/eu");
    await shop.insertSchedules([newSchedule("orders"), newSchedule("returns")]);
    await depot.insertSchedules([newSchedule("orders")]);
    expect(await groupsOf(shop)).toEqual(["orders", "returns"]);
    expect(await groupsOf(depot)).toEqual(["orders"]);
    expect(databases()).toEqual(["tidegate.db", "tidegate@depot%2Feu.db"]);
  });

  it("find their own file again, whichever is opened first", async () => {
    await (await opened("shop")).insertSchedules([newSchedule("orders")]);
    await (await opened("depot")).insertSchedules([newSchedule("pallets")]);
    for (const store of stores.splice(0)) await store.close();
    expect(await groupsOf(await opened("depot"))).toEqual(["pallets"]);
    expect(await groupsOf(await opened("shop"))).toEqual(["orders"]);
  });

  it("are refused a second process each", async () => {
    await opened("shop");
    await opened("depot");
    await expect(opened("shop")).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await expect(opened("depot")).rejects.toMatchObject({
      code: "STORE_LOCKED",
      message: expect.stringContaining("tidegate@depot.db"),
    });
  });

  it("do not end each other's locks where one process has several", async () => {
    await opened("shop");
    await opened("depot");
    await expect(opened("shop")).rejects.toMatchObject({ code: "STORE_LOCKED" });
    const copied = spawnSync(process.execPath, [cli, "backup", path, join(directory.path, "copy")]);
    expect(copied.stderr.toString()).toContain("STORE_LOCKED");
  });

  it("are told apart while the mark of the first is in the write-ahead log", async () => {
    await (await opened("shop")).insertSchedules([newSchedule("orders")]);
    for (const store of stores.splice(0)) await store.close();
    const first = new DatabaseSync(path);
    const { user_version: mark } = first.prepare("PRAGMA user_version").get()!;
    first.exec("PRAGMA user_version = 0");
    first.close();
    const writer = new DatabaseSync(path);
    writer.exec(`PRAGMA user_version = ${mark}`);
    for (const suffix of ["", "-wal"])
      copyFileSync(`${path}${suffix}`, join(directory.path, `cut.db${suffix}`));
    writer.close();
    path = join(directory.path, "cut.db");
    const depot = await opened("depot");
    expect(await groupsOf(depot)).toEqual([]);
    expect(await groupsOf(await opened("shop"))).toEqual(["orders"]);
  });

  it("have file names of bounded length", async () => {
    await opened("shop");
    await opened("ü".repeat(200));
    expect(databases()).toEqual(["tidegate.db", expect.stringMatching(/^tidegate@[0-9a-f]{32}\.db$/)]);
  });
});

describe("a database of a release without namespaces", () => {
  it("belongs to the namespace that opens it first", async () => {
    const earlier = await opened("any");
    await earlier.insertSchedules([newSchedule("orders")]);
    await earlier.close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 0");
    database.close();
    expect(await groupsOf(await opened("shop"))).toEqual(["orders"]);
    expect(await groupsOf(await opened("depot"))).toEqual([]);
  });
});
