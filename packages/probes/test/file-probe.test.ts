import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { ProbeAnswer } from "@tidegate/core/probe";
import { aQuestion, probeSuite } from "@tidegate/testkit";
import { judged } from "../src/file/file-probe.js";
import { fileProbe } from "../src/index.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2026, 0, 1);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "file-probe-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes a file that changed last at this instant. */
function write(path: string, changedAt = T0): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  utimesSync(file, changedAt / 1_000, changedAt / 1_000);
}

const ask = (spec: JsonObject, { lower = T0, timezone = "UTC", now = T0 + DAY } = {}): Promise<ProbeAnswer> =>
  fileProbe({ root }).check(aQuestion({ spec, timezone, interval: { lower, upper: lower + HOUR } }), {
    now,
    signal: new AbortController().signal,
  });

describe("the probe `file`", () => {
  it("waits for _SUCCESS in the directory of the interval", async () => {
    const spec = { path: "orders/{{lower.date}}" };
    expect(await ask(spec)).toEqual({ isReady: false, detail: "there is no orders/2026-01-01" });
    write("orders/2026-01-01/part-0.parquet");
    expect(await ask(spec)).toEqual({ isReady: false, detail: "there is no orders/2026-01-01/_SUCCESS" });
    write("orders/2026-01-01/_SUCCESS");
    expect(await ask(spec)).toMatchObject({ isReady: true });
    expect(await ask(spec, { lower: T0 + DAY })).toMatchObject({ isReady: false });
  });

  it("names directories by the schedule's zone, also by the hour", async () => {
    write("orders/dt=2025-12-31/hour=19/_SUCCESS");
    const spec = { path: "orders/dt={{lower.date}}/hour={{lower.hour}}" };
    expect(await ask(spec, { timezone: "America/New_York" })).toMatchObject({ isReady: true });
    expect(await ask(spec)).toEqual({ isReady: false, detail: "there is no orders/dt=2026-01-01/hour=00" });
  });

  it("waits for a file of another name", async () => {
    const spec = { path: "orders", file: "{{lower.date}}.csv" };
    write("orders/2026-01-02.csv");
    expect(await ask(spec)).toEqual({ isReady: false, detail: "there is no orders/2026-01-01.csv" });
    write("orders/2026-01-01.csv");
    expect(await ask(spec)).toMatchObject({ isReady: true });
  });

  it("waits for so many files", async () => {
    const spec = { path: "orders", file: "part-*.parquet", minFiles: 3 };
    for (const name of ["part-0.parquet", "part-1.parquet", "other.parquet", "part-2.parquet.tmp"])
      write(`orders/${name}`);
    mkdirSync(join(root, "orders/part-3.parquet"));
    expect(await ask(spec)).toEqual({
      isReady: false,
      detail: "orders has 2 of 3 files part-*.parquet",
    });
    write("orders/part-9.parquet");
    expect(await ask(spec)).toEqual({ isReady: true, detail: "orders has 3 of 3 files part-*.parquet" });
  });

  it("looks into directories below if the pattern names them", async () => {
    write("orders/hour=01/_SUCCESS");
    write("orders/hour=02/deep/_SUCCESS");
    const spec = { path: "orders", file: "hour=*/_SUCCESS", minFiles: 2 };
    expect(await ask(spec)).toMatchObject({
      isReady: false,
      detail: "orders has 1 of 2 files hour=*/_SUCCESS",
    });
    expect(await ask({ ...spec, file: "**/_SUCCESS" })).toMatchObject({ isReady: true });
  });

  it("waits until files are no longer written, and asks again when that may be so", async () => {
    const now = T0 + HOUR;
    const spec = { path: "orders", file: "*.csv", stableForMs: 60_000 };
    write("orders/a.csv", now - 300_000);
    write("orders/b.csv", now - 20_000);
    expect(await ask(spec, { now })).toEqual({
      isReady: false,
      detail: "a file of orders changed less than 60000 ms ago",
      retryAfterMs: 40_000,
    });
    expect(await ask(spec, { now: now + 40_000 })).toMatchObject({ isReady: true });
  });

  it("follows links within its root, and none out of it", async () => {
    write("lake/orders/_SUCCESS");
    symlinkSync(join(root, "lake/orders"), join(root, "lake/current"));
    symlinkSync(tmpdir(), join(root, "lake/out"));
    symlinkSync(join(root, "nowhere"), join(root, "lake/orders/dangling"));
    const probe = fileProbe({ root: join(root, "lake") });
    const asked = (path: string, file: string) =>
      probe.check(aQuestion({ spec: { path, file } }), { now: T0, signal: new AbortController().signal });
    expect(await asked("current", "_SUCCESS")).toMatchObject({ isReady: true });
    expect(await asked("orders", "dangling")).toMatchObject({ isReady: false });
    await expect(asked("out", "_SUCCESS")).rejects.toThrow("out leads out of the probe's root");
  });

  it("is broken, not waiting, if its root is not there: such as a volume that is not mounted", async () => {
    const probe = fileProbe({ root: join(root, "volume") });
    const context = { now: T0, signal: new AbortController().signal };
    await expect(probe.check(aQuestion({ spec: { path: "orders" } }), context)).rejects.toThrow(
      "the root of the probe does not exist",
    );
  });

  it("refuses options that are wrong", () => {
    expect(() => fileProbe({ root: "" })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "root" }),
    );
  });
});

probeSuite({
  name: "file",
  create: async () => {
    const lake = mkdtempSync(join(tmpdir(), "file-probe-"));
    mkdirSync(join(lake, "orders/2026-01-01"), { recursive: true });
    writeFileSync(join(lake, "orders/2026-01-01/_SUCCESS"), "");
    return {
      probe: fileProbe({ root: lake }),
      spec: { path: "orders/{{lower.date}}" },
      refused: [
        ["path", {}],
        ["path", { path: "" }],
        ["path", { path: "/etc" }],
        ["path", { path: "orders/../.." }],
        ["path", { path: "C:\\orders" }],
        ["path", { path: "orders/{{lower.moment}}" }],
        ["path", { path: "orders/{{groupId}}" }],
        ["path", { path: "orders/{{scheduled.date}}" }],
        ["path", { path: "orders/{{lower.date" }],
        ["file", { path: "orders", file: "../_SUCCESS" }],
        ["minFiles", { path: "orders", minFiles: 0 }],
        ["stableForMs", { path: "orders", stableForMs: -1 }],
        ["paths", { path: "orders", paths: [] }],
      ],
      ready: {},
      notReady: { interval: { lower: T0 + DAY, upper: T0 + 2 * DAY } },
      // A file is no directory.
      broken: { spec: { path: "orders/2026-01-01/_SUCCESS/below" } },
      dispose: async () => rmSync(lake, { recursive: true }),
    };
  },
});

describe("a directory of a million files", () => {
  const spec = { path: "orders", file: "*.parquet", minFiles: 1_000_000, stableForMs: HOUR };
  const changedAt = Array.from({ length: 1_000_000 }, (_, n) => T0 + n);
  const found = { directory: "orders", pattern: "*.parquet", changedAt };

  it("is ready once none of them has changed for long enough", () => {
    expect(judged({ spec }, found, T0 + 999_999)).toMatchObject({ isReady: false, retryAfterMs: HOUR });
    expect(judged({ spec }, found, T0 + 999_999 + HOUR)).toMatchObject({ isReady: true });
  });
});
