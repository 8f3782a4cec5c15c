import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { SqliteStore } from "../src/sqlite-store.js";
import { newRun, newSchedule, planOf, temporaryDirectory } from "./support/stores.js";

const support = (name: string): string => fileURLToPath(new URL(`./support/${name}`, import.meta.url));
const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, "deep", "tidegate.db");
});
afterEach(() => directory.remove());

async function opened(at = path): Promise<SqliteStore> {
  const store = new SqliteStore({ path: at });
  await store.open();
  return store;
}

const withCode = (code: string) => expect.objectContaining({ code, message: expect.stringContaining(path) });

describe("the lock", () => {
  it("refuses a second store on the same file in this process", async () => {
    const store = await opened();
    await expect(opened()).rejects.toEqual(withCode("STORE_LOCKED"));
    await store.close();
    await (await opened()).close();
  });

  it("refuses while another process has it, and vanishes when that is killed", async () => {
    await (await opened()).close();
    const store = await opened();
    await store.insertSchedules([newSchedule("group-0")]);
    await store.close();
    const writer = spawn(process.execPath, [support("writer.mjs"), path, "1"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(writer, "exit");
    await once(writer.stdout, "data");
    await expect(opened()).rejects.toEqual(withCode("STORE_LOCKED"));
    writer.kill("SIGKILL");
    await exited;
    await (await opened()).close();
  });
});

describe("kill -9", () => {
  it("loses nothing that was acknowledged and leaves nothing half done", async () => {
    const groups = 20;
    const store = await opened();
    await store.insertSchedules(Array.from({ length: groups }, (_, index) => newSchedule(`group-${index}`)));
    await store.close();
    let written = 0;
    for (let round = 0; round < 12; round += 1) {
      const writer = spawn(process.execPath, [support("writer.mjs"), path, String(groups)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(writer, "exit");
      let acknowledged = -1;
      writer.stdout.on("data", (chunk: Buffer) => {
        const numbers = chunk
          .toString()
          .split("\n")
          .filter((line) => /^\d+$/.test(line));
        acknowledged = Math.max(acknowledged, ...numbers.map(Number));
      });
      await once(writer.stdout, "data");
      // The random moment is the fault that is injected.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
      writer.kill("SIGKILL");
      // A writer that ended by itself would prove nothing.
      expect(await exited).toEqual([null, "SIGKILL"]);
      if (acknowledged >= 0) written += 1;
      const after = await opened();
      const schedules = await after.getSchedules(
        Array.from({ length: groups }, (_, index) => `group-${index}`),
      );
      const watermarks = new Set(schedules.map((schedule) => schedule?.watermark));
      expect(watermarks.size).toBe(1);
      const [watermark] = watermarks;
      expect(watermark).toBeGreaterThanOrEqual(newRun("group-0", acknowledged).upper);
      for (let index = 0; index < groups; index += 1) {
        const ranges = await after.coverage(`group-${index}`);
        expect(ranges.map(({ lower, upper }) => [lower, upper])).toEqual(
          watermark === newRun("x", 0).lower ? [] : [[newRun("x", 0).lower, watermark]],
        );
      }
      await after.close();
    }
    expect(written).toBeGreaterThan(0);
  });

  it("lets the next process claim at once what the dead one held", async () => {
    const store = await opened();
    await store.insertSchedules([newSchedule("orders")]);
    await store.plan([planOf("orders", 0)]);
    const farFuture = Number.MAX_SAFE_INTEGER;
    await store.claim({
      owner: "dead",
      operators: ["duckdb"],
      now: Date.now(),
      leaseUntil: farFuture,
      limit: 1,
    });
    await store.close();
    const next = await opened();
    const [claimed] = await next.claim({
      owner: "next",
      operators: ["duckdb"],
      now: Date.now(),
      leaseUntil: farFuture,
      limit: 1,
    });
    expect(claimed).toMatchObject({ isRecovered: true, token: 2, run: { attempt: 1, state: "SUBMITTING" } });
    await next.close();
  });
});

describe("a file that is no database", () => {
  it("is refused as corrupt", async () => {
    mkdirSync(join(directory.path, "deep"));
    writeFileSync(path, "x".repeat(20_000));
    await expect(opened()).rejects.toEqual(withCode("STORE_CORRUPT"));
  });

  it("is refused as corrupt when its pages were overwritten", async () => {
    const store = await opened();
    await store.insertSchedules(Array.from({ length: 500 }, (_, index) => newSchedule(`group-${index}`)));
    await store.close();
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(300_000, 7), 0, 300_000, 4_096);
    closeSync(file);
    await expect(
      opened().then(async (broken) => {
        try {
          await broken.listSchedules({}, { limit: 1_000 });
        } finally {
          await broken.close();
        }
      }),
    ).rejects.toEqual(withCode("STORE_CORRUPT"));
  });

  it("is refused when a later version of the package has had it that allows no earlier one", async () => {
    await (await opened()).close();
    const database = new DatabaseSync(path);
    database.exec(`INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-from-the-future', '');
      UPDATE tidegate_facts SET value = '9999-from-the-future' WHERE name = 'least'`);
    database.close();
    await expect(opened()).rejects.toEqual(withCode("STORE_NEWER"));
  });
});

describe("a place that cannot be written", () => {
  it("is refused with the path when its directory cannot be made", async () => {
    writeFileSync(join(directory.path, "deep"), "a file where a directory should be");
    await expect(opened()).rejects.toEqual(withCode("STORE_READ_ONLY"));
  });

  it("is refused on a file system that is mounted read-only", async () => {
    // Permissions do not bind root, but the kernel takes no new files here from anybody.
    path = "/sys/tidegate/tidegate.db";
    await expect(opened()).rejects.toEqual(withCode("STORE_READ_ONLY"));
  });
});

describe("a file that is removed, replaced or emptied while it is in use", () => {
  const obstacles: [string, () => void][] = [
    ["removed", () => renameSync(path, `${path}.kept`)],
    [
      "replaced",
      () => {
        renameSync(path, `${path}.kept`);
        copyFileSync(`${path}.kept`, path);
      },
    ],
  ];

  it.each(obstacles)(
    "is written no more if it is %s, and written again if it is put back",
    async (_, obstruct) => {
      const store = await opened();
      await store.insertSchedules([newSchedule("before")]);
      obstruct();
      await expect(store.insertSchedules([newSchedule("meanwhile")])).rejects.toEqual(
        withCode("STORE_UNAVAILABLE"),
      );
      expect((await store.getSchedules(["before", "meanwhile"])).map(Boolean)).toEqual([true, false]);
      renameSync(`${path}.kept`, path);
      expect(await store.insertSchedules([newSchedule("after")])).toEqual([true]);
      await store.close();
      const next = await opened();
      expect((await next.getSchedules(["before", "meanwhile", "after"])).map(Boolean)).toEqual([
        true,
        false,
        true,
      ]);
      await next.close();
    },
  );

  it("is written no more if it is emptied", async () => {
    const store = await opened();
    truncateSync(path);
    await expect(store.insertSchedules([newSchedule("lost")])).rejects.toEqual(withCode("STORE_UNAVAILABLE"));
    await store.close();
  });

  it("leaves the file in its place, and that one's log, to the next process", async () => {
    const store = await opened();
    await store.insertSchedules([newSchedule("old")]);
    rmSync(path);
    const next = await opened();
    await next.insertSchedules([newSchedule("new")]);
    await expect(store.insertSchedules([newSchedule("old too")])).rejects.toEqual(
      withCode("STORE_UNAVAILABLE"),
    );
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(true);
    expect((await next.getSchedules(["old", "new"])).map(Boolean)).toEqual([false, true]);
    await next.close();
  });

  it("loses nothing if its write-ahead log is removed", async () => {
    const store = await opened();
    await store.insertSchedules([newSchedule("first")]);
    rmSync(`${path}-wal`);
    await store.insertSchedules([newSchedule("second")]);
    for (let n = 0; !existsSync(`${path}-wal`); n += 1)
      await store.insertSchedules([newSchedule(`more-${n}`)]);
    // The files of a process that is killed now.
    const killed = join(directory.path, "killed.db");
    for (const suffix of ["", "-wal"]) copyFileSync(`${path}${suffix}`, `${killed}${suffix}`);
    const recovered = await opened(killed);
    expect((await recovered.getSchedules(["first", "second"])).every(Boolean)).toBe(true);
    await recovered.close();
    await store.close();
  });
});

describe("a full disk", () => {
  it("fails the write with a clear error, loses nothing, and goes on when there is room", async () => {
    const store = new SqliteStore({ path, maxBytes: 1_000_000 });
    await store.open();
    let inserted = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        const batch = Array.from({ length: 100 }, (_, index) => newSchedule(`group-${inserted + index}`));
        await store.insertSchedules(batch);
        inserted += 100;
      }
    };
    await expect(fill()).rejects.toEqual(withCode("STORE_FULL"));
    expect(inserted).toBeGreaterThan(0);
    const groupIds = Array.from({ length: inserted + 1 }, (_, index) => `group-${index}`);
    const kept = await store.getSchedules(groupIds);
    expect(kept.filter(Boolean)).toHaveLength(inserted);
    await store.close();

    const roomier = await opened();
    expect(await roomier.insertSchedules([newSchedule(`group-${inserted}`)])).toEqual([true]);
    await roomier.close();
  });
});

describe("a disk that is full of the write-ahead log", () => {
  it("is made room on by merging that into the database, and writing goes on", async () => {
    await (await opened()).close();
    // No file of the process may grow beyond 4 MB, which ends no process that ignores the signal.
    const limited = `trap '' XFSZ; ulimit -f 8192; exec "$@"`;
    const arguments_ = [support("rewriter.mjs"), path, JSON.stringify(newSchedule("orders")), "3000"];
    const answer = execFileSync("sh", ["-c", limited, "sh", process.execPath, ...arguments_], {
      encoding: "utf8",
    });
    const { full, statusReason } = JSON.parse(answer) as { full: number; statusReason: string };
    expect(statusReason).toBe("3000");
    expect(full).toBeGreaterThan(0);
  });
});

describe("backup", () => {
  it("copies while the store works, and does not overwrite", async () => {
    const store = await opened();
    await store.insertSchedules([newSchedule("orders")]);
    const copy = join(directory.path, "copy.db");
    const writing = store.plan([planOf("orders", 0)]);
    await store.backup(copy);
    await writing;
    await expect(store.backup(copy)).rejects.toEqual(expect.objectContaining({ code: "STORE_FAILED" }));
    await store.close();
    const restored = await opened(copy);
    expect((await restored.getSchedules(["orders"]))[0]?.watermark).toBe(newRun("orders", 0).upper);
    await restored.close();
  });

  it("appears under its name when it is complete, and nobody else may read it", async () => {
    const store = await opened();
    const many = Array.from({ length: 2_000 }, (_, index) => newSchedule(`group-${index}`));
    await store.insertSchedules(many);
    const copy = join(directory.path, "copy.db");
    let isOver = false;
    const seen = new Set<string>();
    const copying = store.backup(copy).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      for (const name of readdirSync(directory.path)) if (name.startsWith("copy")) seen.add(name);
      if (existsSync(copy)) expect(groupsIn(copy)).toBe(2_000);
      await new Promise(setImmediate);
    }
    await copying;
    expect(seen).toContain("copy.db.part");
    expect(groupsIn(copy)).toBe(2_000);
    expect(readdirSync(directory.path).filter((name) => name.endsWith(".part"))).toEqual([]);
    expect(statSync(copy).mode & 0o077).toBe(0);
    await store.close();
  });

  it("that was cut off is made anew, and one that cannot be written leaves nothing", async () => {
    const store = await opened();
    await store.insertSchedules([newSchedule("orders")]);
    const copy = join(directory.path, "copy.db");
    writeFileSync(`${copy}.part`, "half a database");
    await store.backup(copy);
    expect(groupsIn(copy)).toBe(1);
    expect(existsSync(`${copy}.part`)).toBe(false);
    const nowhere = join(directory.path, "none", "copy.db");
    await expect(store.backup(nowhere)).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
    await store.close();
  });

  it("is broken off when the store is closed, which frees the file at once", async () => {
    const store = await opened();
    const many = Array.from({ length: 2_000 }, (_, index) => newSchedule(`group-${index}`));
    await store.insertSchedules(many);
    const copy = join(directory.path, "copy.db");
    const copying = expect(store.backup(copy)).rejects.toEqual(withCode("STORE_CLOSED"));
    while (!existsSync(`${copy}.part`)) await new Promise(setImmediate);
    await store.close();
    await copying;
    await store.open();
    expect(readdirSync(directory.path)).toEqual(["deep"]);
    const unbegun = expect(store.backup(copy)).rejects.toEqual(withCode("STORE_CLOSED"));
    await store.close();
    await unbegun;
    expect(readdirSync(directory.path)).toEqual(["deep"]);
  });

  it("has a command line", async () => {
    const store = await opened();
    await store.insertSchedules([newSchedule("orders")]);
    const copy = join(directory.path, "copy.db");
    const run = (...args: string[]) => execFileSync(process.execPath, [cli, ...args], { stdio: "pipe" });
    expect(() => run("backup", path, copy)).toThrow(/STORE_LOCKED.*store\.backup\(\)/s);
    await store.close();
    run("backup", path, copy);
    expect(existsSync(copy)).toBe(true);
    expect(() => run("backup", join(directory.path, "none.db"), join(directory.path, "x.db"))).toThrow(
      /no such database/,
    );
    expect(() => run("restore")).toThrow(/usage/);
  });
});

describe("group commit", () => {
  it("fails only the operation that is wrong, not its neighbours of the same transaction", async () => {
    const store = await opened();
    const good = store.insertSchedules([newSchedule("good")]);
    const bad = store.insertBackfill({
      id: "b",
      groupId: "nobody",
      lower: 0,
      upper: 1,
      select: "all",
      concurrency: 1,
      cursor: 0,
      state: "RUNNING",
      reason: null,
      plannedRuns: 0,
      openRuns: 0,
      createdAt: 0,
      updatedAt: 0,
    });
    const other = store.insertSchedules([newSchedule("other")]);
    await expect(bad).rejects.toThrow(/nobody/);
    expect(await good).toEqual([true]);
    expect(await other).toEqual([true]);
    expect((await store.getSchedules(["good", "other"])).every(Boolean)).toBe(true);
    await store.close();
  });

  it("undoes what a wrong operation had written, and makes again what came before it", async () => {
    const store = await opened();
    const { spec, ...rest } = newSchedule("unwritable");
    const unwritable = { ...rest, spec: { ...spec, job: { size: 1n as unknown as number } } };
    const inserted = store.insertSchedules([newSchedule("good")]);
    const planned = store.plan([planOf("good", 0)]);
    const claims = store.claim({ owner: "me", operators: ["duckdb"], now: 0, leaseUntil: 30_000, limit: 10 });
    const wrong = store.insertSchedules([newSchedule("half"), unwritable]);
    const after = store.insertSchedules([newSchedule("after")]);
    await expect(wrong).rejects.toThrow(/BigInt/);
    expect(await Promise.all([inserted, planned, after])).toEqual([[true], [true], [true]]);
    const groups = await store.getSchedules(["good", "half", "unwritable", "after"]);
    expect(groups.map((schedule) => schedule?.spec.groupId)).toEqual(["good", undefined, undefined, "after"]);
    const [claim, ...others] = await claims;
    expect(others).toEqual([]);
    const { id } = newRun("good", 0);
    expect(claim).toMatchObject({ run: { id, state: "SUBMITTING" }, token: 1, isRecovered: false });
    const end = { id, from: ["SUBMITTING"], token: 1, state: "SUCCEEDED", at: 1, endedAt: 1 } as const;
    expect(await store.changeRuns([end])).toEqual([true]);
    await store.close();
  });
});

/** Returns how many schedules a database has. */
function groupsIn(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare("SELECT count(*) AS count FROM schedule").get()!.count;
  } finally {
    database.close();
  }
}
