import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ManagerClient } from "@tidegate/client";
import type { Schedule } from "@tidegate/core";
import { Bed, hours, RANGE } from "./bed.js";

const bed = new Bed({ inOneProcess: true });
beforeAll(() => bed.serve());
afterAll(() => bed.close());

const groups = async (prefix: string): Promise<string[]> => {
  const { stdout } = await bed.run(["get", "schedules", "--prefix", prefix]);
  return (JSON.parse(stdout) as Schedule[]).map(({ spec }) => spec.groupId);
};

describe("apply", () => {
  it("takes a folder: lists, several documents and JSON, but nothing hidden", async () => {
    mkdirSync(join(bed.folder, "all/deep"), { recursive: true });
    bed.write("all/two.yaml", `${hours("all-a")}---\n${hours("all-b")}---\n`);
    bed.write(
      "all/deep/list.json",
      JSON.stringify([
        {
          groupId: "all-c",
          trigger: { type: "cron", expression: "0 2 * * *" },
          operator: "http",
          job: { url: "http://localhost:9/jobs", completion: "response" },
        },
      ]),
    );
    bed.write("all/.hidden.yaml", hours("all-hidden"));
    bed.write("all/notes.txt", "not a schedule");
    expect(await bed.run(["apply", "all"])).toMatchObject({ code: 0 });
    expect(await groups("all-")).toEqual(["all-a", "all-b", "all-c"]);
  });

  it("takes groups that depend on each other in any order", async () => {
    mkdirSync(join(bed.folder, "order"));
    bed.write(
      "order/1.yaml",
      hours("order-report", "dependsOn: { all: [{ groupId: order-b }, { groupId: order-a }] }\n"),
    );
    bed.write("order/2.yaml", hours("order-b", "dependsOn: { groupId: order-a }\n"));
    bed.write("order/3.yaml", hours("order-a"));
    const { code, stdout } = await bed.run(["apply", "order"]);
    const applied = (JSON.parse(stdout) as { groupId: string }[]).map(({ groupId }) => groupId);
    expect({ code, applied }).toEqual({ code: 0, applied: ["order-a", "order-b", "order-report"] });
    expect(await bed.run(["diff", "order"])).toMatchObject({ code: 0, stdout: "[]\n" });
  });

  it("keeps a dependency on a group that was purged, but gives it to no other schedule", async () => {
    mkdirSync(join(bed.folder, "kept"));
    bed.write("kept/1.yaml", hours("kept-gone"));
    bed.write("kept/2.yaml", hours("kept-a", "dependsOn: { groupId: kept-gone }\n"));
    expect(await bed.run(["apply", "kept"])).toMatchObject({ code: 0 });
    await bed.run(["coverage", "kept-gone", ...RANGE, "--wait", "60s"]);
    const purge = ["delete", "kept-gone", "--purge", "--force", "--yes"];
    expect(await bed.run(purge)).toMatchObject({ code: 0 });
    bed.write("kept/1.yaml", hours("kept-0"));
    bed.write("kept/2.yaml", hours("kept-a", "description: New\ndependsOn: { groupId: kept-gone }\n"));
    bed.write("kept/3.yaml", hours("kept-b", "dependsOn: { groupId: kept-gone }\n"));
    const { code, stderr } = await bed.run(["apply", "kept"]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/3\.yaml:\d+: dependsOn\.groupId: there is no group "kept-gone"/);
    expect(stderr).not.toContain("Applied so far");
    expect(await groups("kept-")).toEqual(["kept-a"]);
  });

  it("takes the standard input", async () => {
    expect(await bed.run(["apply", "-"], { input: hours("stdin") })).toMatchObject({ code: 0 });
    expect(await groups("stdin")).toEqual(["stdin"]);
  });

  it.each([
    [
      "a field with a wrong value",
      hours("bad", "maxAttempts: 3\n")
        .replace("maxAttempts: 1\n", "")
        .replace("maxAttempts: 3", "maxAttempts: many"),
      /^bad\.yaml:8: maxAttempts: /,
    ],
    ["an unknown field", hours("bad", "colour: blue\n"), /^bad\.yaml:9: colour: /],
    [
      "a field inside another one",
      hours("bad").replace("every: 1", "every: 0"),
      /^bad\.yaml:2: trigger\.every: /,
    ],
    ["a field twice", hours("bad", "groupId: again\n"), /^bad\.yaml:9: Map keys must be unique/],
    [
      "a dependency on a group that nobody has",
      hours("bad", "dependsOn:\n  any:\n    - groupId: good\n    - groupId: nobody\n"),
      /^bad\.yaml:12: dependsOn\.any\.1\.groupId: there is no group "nobody"/,
    ],
    [
      "new groups that depend on each other in a circle",
      `${hours("bad", "dependsOn: { groupId: worse }\n")}---\n${hours("worse", 'dependsOn: { groupId: bad, window: { from: "-1 day", to: "-1 day" } }\n')}`,
      /^bad\.yaml:\d+: dependsOn\.groupId: there is no group "(bad|worse)"/,
    ],
    ["a text that is no YAML", "groupId: [\n", /^bad\.yaml:\d: /],
    ["a value that is no schedule", "- 1\n", /^bad\.yaml:1: /],
    [
      "a second definition of a group",
      `${hours("good")}---\n${hours("bad")}`,
      /^bad\.yaml:1: groupId: good is defined at good\.yaml:1 already\.$/m,
    ],
    [
      "an operator that the manager does not have",
      hours("bad", "operator: flink\n"),
      /^bad\.yaml:9: .*flink/,
    ],
    [
      "a job that the operator refuses",
      hours("bad").replace("target: {", "colour: blue\n  target: {"),
      /^bad\.yaml:8: .*colour/,
    ],
    [
      "aliases that expand",
      `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n`,
      /^bad\.yaml: .*alias/i,
    ],
    [
      "a depth that nobody writes",
      `job: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`,
      /^bad\.yaml: .*nested too deeply/,
    ],
    ["bytes that are no UTF-8", "groupId: \u00ff", /^bad\.yaml: must be UTF-8\.$/m],
    [
      "ten megabytes",
      `groupId: bad # ${"x".repeat(10 * 1_048_576)}\n`,
      /^bad\.yaml: must not be longer than 5242880 bytes\.$/m,
    ],
    [
      "ten megabytes of anchors that expand",
      `a: &a [x, x]\nb: [${"*a, ".repeat(2_500_000)}*a]\n`,
      /^bad\.yaml: must not be longer than 5242880 bytes\.$/m,
    ],
    [
      "some megabytes of anchors that expand",
      `a: &a [x, x]\nb: [${"*a, ".repeat(100_000)}*a]\n`,
      /^bad\.yaml: .*alias/i,
    ],
    ["nothing", "# nothing\n", /no schedules/],
  ])("changes nothing for %s, and says where it is", async (what, text, message) => {
    const good = bed.write("good.yaml", hours("good"));
    const bad = bed.write("bad.yaml", what.includes("UTF-8") ? Buffer.from(text, "latin1") : text);
    const files = what === "nothing" ? [bad] : [good, bad];
    const { code, stdout, stderr } = await bed.run(["apply", ...files]);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(message) });
    expect(await groups("good")).toEqual([]);
  });

  it("reads no more of the standard input than of a file", async () => {
    const input = `${hours("endless")}# ${"x".repeat(10 * 1_048_576)}\n`;
    const { code, stdout, stderr } = await bed.run(["apply", "-"], { input });
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: "-: must not be longer than 5242880 bytes.\n",
    });
    expect(await groups("endless")).toEqual([]);
  });

  it("names every problem of every file", async () => {
    bed.write("one.yaml", hours("one", "colour: blue\n"));
    bed.write("two.yaml", hours("two", "engine: airflow\n"));
    bed.write("three.yaml", hours("three").replace("2026-01-01T04", "2025-01-01T04"));
    const { code, stderr } = await bed.run(["apply", "one.yaml", "two.yaml", "three.yaml", "four.yaml"]);
    expect(code).toBe(2);
    expect(stderr).toContain("four.yaml");
    const both = await bed.run(["apply", "two.yaml", "three.yaml"]);
    expect(both.stderr.trim().split("\n").sort()).toEqual([
      expect.stringMatching(/^three\.yaml:4: endTime: /),
      expect.stringMatching(/^two\.yaml:9: .*airflow/),
    ]);
  });
});

describe("a source group", () => {
  it("is left alone by apply and diff, which say so before anything is changed, and is not exported", async () => {
    const client = new ManagerClient({ url: bed.url! });
    const before = await client.registerSource({ groupId: "vendor", startTime: "2026-01-01T00:00:00Z" });
    const files = [bed.write("new.yaml", hours("new")), bed.write("vendor.yaml", hours("vendor"))];
    for (const command of [["apply"], ["apply", "--dry-run"], ["diff"]]) {
      const told = expect.stringMatching(/^vendor\.yaml:1: Group vendor is a source group: /);
      expect(await bed.run([...command, ...files])).toEqual({ code: 2, stdout: "", stderr: told });
    }
    expect(await groups("new")).toEqual([]);
    expect(await client.get("vendor")).toEqual(before);
    expect((await bed.run(["export"])).stdout).not.toContain("groupId: vendor");
    expect(await bed.run(["export", "vendor"])).toMatchObject({ code: 0, stdout: "" });
  });
});

describe("diff and export", () => {
  it("show what would change, field by field, and end with 6", async () => {
    const file = bed.write("changed.yaml", hours("changed"));
    expect(await bed.run(["diff", file])).toMatchObject({ code: 6 });
    await bed.run(["apply", file]);
    expect(await bed.run(["diff", file, "-o", "table"])).toMatchObject({ code: 0, stdout: "" });
    bed.write(
      file,
      hours("changed", "labels: { team: blue }\ncatchup: each\n").replace("maxAttempts: 1", "maxAttempts: 2"),
    );
    const { code, stdout } = await bed.run(["diff", file, "-o", "table"]);
    expect({ code, lines: stdout.trim().split("\n").sort() }).toEqual({
      code: 6,
      lines: ['  labels.team: undefined -> "blue"', "  maxAttempts: 1 -> 2", "changed would be updated"],
    });
    expect(await bed.run(["apply", file])).toMatchObject({ stdout: expect.stringContaining('"version": 2') });
    expect(await bed.run(["diff", file])).toMatchObject({ code: 0, stdout: "[]\n" });
  });

  it("exports what can be applied again without a change", async () => {
    await bed.run(["apply", "-"], { input: hours("exported") });
    const { stdout } = await bed.run(["export"]);
    expect(stdout).toContain("groupId: exported\n");
    bed.write("exported.yaml", stdout);
    expect(await bed.run(["diff", "exported.yaml"])).toMatchObject({ code: 0, stdout: "[]\n" });
    const lines = (await bed.run(["export", "exported", "-o", "jsonl"])).stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ groupId: "exported" }]);
  });

  it("carries groups to another manager, all or none", async () => {
    const other = new Bed({ inOneProcess: true });
    try {
      await other.serve();
      const file = bed.write(
        "carried.yaml",
        `${hours("up")}---\n${hours("down", "dependsOn: { groupId: up }\n")}`,
      );
      await bed.run(["apply", file]);
      const exported = (await bed.run(["export", "down", "up"])).stdout;
      const broken = exported.replace("every: 1", "every: 0");
      const actions = async (args: readonly string[], input: string): Promise<unknown> => {
        const { code, stdout } = await other.run(["import", "-", ...args], { input });
        if (code !== 0) return code;
        const changes = JSON.parse(stdout) as { readonly groupId: string; readonly action: string }[];
        return changes.map(({ groupId, action }) => `${action} ${groupId}`);
      };
      expect(await actions([], broken)).toBe(2);
      expect(await actions(["--dry-run"], exported)).toEqual(["create up", "create down"]);
      expect(JSON.parse((await other.run(["get", "schedules"])).stdout)).toEqual([]);
      expect(await actions([], exported)).toEqual(["create up", "create down"]);
      expect(await actions([], exported)).toEqual(["none up", "none down"]);
      const specs = async (where: Bed): Promise<unknown> =>
        JSON.parse((await where.run(["export", "down", "up", "-o", "json"])).stdout);
      expect(await specs(other)).toEqual(await specs(bed));
    } finally {
      await other.close();
    }
  });
});
