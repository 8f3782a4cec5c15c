import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OffsetBounds, OffsetBoundsContext } from "@tidegate/core/offset";
import { offsetProviderSuite } from "@tidegate/testkit";
import { compareNames } from "../src/files/folder.js";
import { filePositions } from "../src/index.js";
import { inodeIdentity } from "../src/kit/identity.js";

const STABLE_MS = 1_000;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "file-positions-"));
  mkdirSync(join(root, "orders"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes a file, and returns when it appeared. */
function write(name: string, text = ""): number {
  writeFileSync(join(root, "orders", name), text);
  return Math.floor(statSync(join(root, "orders", name)).ctimeMs);
}

/** Writes a file until it has appeared behind an instant: file systems count time in steps. */
function writeBehind(instant: number, name: string): number {
  let at = write(name);
  while (at <= instant) at = write(name);
  return at;
}

const SOURCE = { path: "orders", stableForMs: STABLE_MS };

const look = (
  now: number,
  { read, ...source }: JsonObject & { read?: OffsetBoundsContext["read"] } = {},
): Promise<OffsetBounds> =>
  filePositions({ roots: { lake: root } }).bounds({ ...SOURCE, ...source } as JsonObject, {
    now,
    signal: new AbortController().signal,
    ...(read === undefined ? {} : { read }),
  });

describe("the provider `files`", () => {
  it("ends right behind the last file, from the beginning of all names", async () => {
    write("b.csv");
    const at = write("a.csv");
    expect(await look(at + STABLE_MS)).toMatchObject({
      earliest: { main: "" },
      latest: { main: "b.csv " },
      at: at + STABLE_MS,
    });
  });

  it("leaves a file that may still be written, and all behind it, for later", async () => {
    const first = write("a.csv");
    const second = writeBehind(first, "b.csv");
    expect((await look(first + STABLE_MS)).latest).toEqual({ main: "b.csv" });
    expect((await look(second + STABLE_MS)).latest).toEqual({ main: "b.csv " });
  });

  it("orders names by their bytes, also those that JavaScript orders otherwise", async () => {
    const names = ["10", "9", "a", "a b", "a-b", "ab", "ä", "\uffee", "😀"];
    expect([...names].reverse().sort(compareNames)).toEqual(names);
    for (const name of names) write(name);
    const { latest } = await look(Date.now() + STABLE_MS);
    expect(latest).toEqual({ main: "😀 " });
  });

  it("counts files of its pattern alone", async () => {
    write("b.csv.tmp");
    write(".a.csv");
    mkdirSync(join(root, "orders", "c.csv"));
    const at = write("a.csv");
    expect((await look(at + STABLE_MS, { pattern: "*.csv" })).latest).toEqual({ main: "a.csv " });
  });

  it("refuses to go on if a file appears below what was read", async () => {
    const first = write("b.csv");
    const { incarnation, latest: upTo, at } = await look(first + STABLE_MS);
    const read = { incarnation, upTo, at };
    writeBehind(first, "c.csv");
    expect((await look(at + 60_000, { read })).latest).toEqual({ main: "c.csv " });
    const late = writeBehind(first, "a.csv");
    await expect(look(at + 60_000, { read })).rejects.toMatchObject({
      code: "SOURCE_INVALID",
      message: `The file orders/a.csv appeared or changed at ${new Date(late).toISOString()}, behind files that had been read: move it to a name that comes after them, or take it away.`,
    });
    renameSync(join(root, "orders/a.csv"), join(root, "orders/d.csv"));
    expect((await look(at + 60_000, { read })).latest).toEqual({ main: "d.csv " });
  });

  it("refuses to go on if a file that was read is written again, or another one is moved to its name", async () => {
    const first = write("a.csv", "1");
    const { incarnation, latest: upTo, at } = await look(first + STABLE_MS);
    const other = writeBehind(first, "b.csv");
    renameSync(join(root, "orders/b.csv"), join(root, "orders/a.csv"));
    await expect(look(other + 60_000, { read: { incarnation, upTo, at } })).rejects.toMatchObject({
      code: "SOURCE_INVALID",
    });
  });

  it("never goes back if files that were read are moved away", async () => {
    const { incarnation, latest: upTo, at } = await look(write("a.csv") + STABLE_MS);
    rmSync(join(root, "orders/a.csv"));
    expect((await look(at, { read: { incarnation, upTo, at } })).latest).toEqual(upTo);
    expect((await look(at)).latest).toEqual({ main: "" });
  });

  it("cuts by files and by bytes, one file at least", async () => {
    for (const name of ["a", "b", "c"]) write(name, "12345");
    const provider = filePositions({ roots: { lake: root } });
    const context = { now: Date.now(), signal: new AbortController().signal };
    const cut = (limit: object) => provider.cut(SOURCE, { main: "" }, { main: "c " }, limit, context);
    expect(await cut({ records: 2 })).toEqual({ main: "c" });
    expect(await cut({ bytes: 10 })).toEqual({ main: "c" });
    expect(await cut({ bytes: 9 })).toEqual({ main: "b" });
    expect(await cut({ bytes: 1 })).toEqual({ main: "b" });
    expect(await cut({ bytes: 15, records: 3 })).toEqual({ main: "c " });
    expect(await provider.size(SOURCE, { main: "b" }, { main: "c " }, context)).toEqual({
      records: 2,
      bytes: 10,
    });
  });

  it.each([
    ["a root that is not there, such as a volume that is not mounted", "/volume", "SOURCE_UNAVAILABLE"],
    ["a folder that is not there", undefined, "SOURCE_INVALID"],
  ])("tells %s from one that is wrong", async (_, at, code) => {
    const provider = filePositions({ roots: { lake: root + (at ?? "") } });
    const context = { now: 0, signal: new AbortController().signal };
    await expect(provider.bounds({ ...SOURCE, path: "nowhere" }, context)).rejects.toMatchObject({ code });
  });

  it("follows no link out of its root, and takes no name that is no text", async () => {
    symlinkSync(tmpdir(), join(root, "out"));
    await expect(look(0, { path: "out" })).rejects.toMatchObject({ code: "SOURCE_INVALID" });
    write("a\nb.csv");
    await expect(look(0)).rejects.toMatchObject({
      code: "SOURCE_INVALID",
      message: 'The name of the file "a\\nb.csv" in orders has characters that no position can.',
    });
  });

  it("is the same folder on whichever mount it is looked at", () => {
    const [here, there, other] = [
      { dev: 64_512, ino: 131, birthtimeMs: 1_767_225_600_000.25 },
      { dev: 47, ino: 131, birthtimeMs: 1_767_225_600_000.25 },
      { dev: 64_512, ino: 132, birthtimeMs: 1_767_225_600_000.25 },
    ];
    expect(inodeIdentity(there!)).toBe(inodeIdentity(here!));
    expect(inodeIdentity(other!)).not.toBe(inodeIdentity(here!));
  });

  it("refuses options that are wrong", () => {
    expect(() => filePositions({ roots: {} })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "roots" }),
    );
  });
});

offsetProviderSuite({
  name: "files",
  create: async () => {
    const lake = mkdtempSync(join(tmpdir(), "file-positions-"));
    const folder = join(lake, "orders");
    mkdirSync(folder);
    mkdirSync(join(lake, "returns"));
    let count = 0;
    const names = async () => (await readdir(folder)).sort(compareNames);
    return {
      provider: filePositions({ roots: { lake } }),
      source: SOURCE,
      refused: [
        ["path", { stableForMs: 1_000 }],
        ["path", { path: "/etc", stableForMs: 1_000 }],
        ["path", { path: "../etc", stableForMs: 1_000 }],
        ["stableForMs", { path: "orders" }],
        ["stableForMs", { path: "orders", stableForMs: 0 }],
        ["pattern", { path: "orders", stableForMs: 1_000, pattern: "a/*" }],
        ["root", { path: "orders", stableForMs: 1_000, root: "other" }],
        ["paths", { path: "orders", stableForMs: 1_000, paths: [] }],
      ],
      append: async (many) =>
        Array.from({ length: many }, () => {
          count += 1;
          const id = `${String(count).padStart(6, "0")}.csv`;
          writeFileSync(join(folder, id), id);
          return { id, at: Math.floor(statSync(join(folder, id)).ctimeMs) };
        }),
      read: async ({ lower, upper }) =>
        (await names()).filter(
          (name) => compareNames(name, lower.main!) >= 0 && compareNames(name, upper.main!) < 0,
        ),
      purge: async () => {
        for (const name of await names()) rmSync(join(folder, name));
        count += 1;
      },
      sameData: { root: "lake", path: "orders", stableForMs: 2_000 },
      otherData: [
        { ...SOURCE, pattern: "*.json" },
        { ...SOURCE, path: "returns" },
      ],
      recreate: async () => {
        renameSync(folder, join(lake, "old"));
        mkdirSync(folder);
        writeFileSync(join(folder, "000001.csv"), "");
      },
      wrong: { ...SOURCE, path: "nowhere" },
      away: { provider: filePositions({ roots: { lake: join(lake, "volume") } }), source: SOURCE },
      now: () => Date.now() + STABLE_MS,
      dispose: async () => rmSync(lake, { recursive: true }),
    };
  },
});
