import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AuditReport, BackfillPlan, RestatementPlan, Run, Schedule } from "@tidegate/core";
import { Bed, hours, RANGE } from "./bed.js";

describe("the command and a manager that it serves", () => {
  const bed = new Bed({ inOneProcess: true });
  beforeAll(async () => {
    expect(await bed.serve()).toMatch(
      /^Tidegate is at (http:\/\/127\.0\.0\.1:\d+), its dashboard at \1\/dashboard\/, its database at \.tidegate\/tidegate\.db\.\n$/,
    );
  });
  afterAll(() => bed.close());

  const json = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await bed.run(args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.any(String) });
    return JSON.parse(stdout) as T;
  };
  const covered = (group: string) => bed.run(["coverage", group, ...RANGE, "--wait", "60s"]);

  it("applies a file, and shows in every format what became of it", async () => {
    const file = bed.write("orders.yaml", hours("orders"));
    expect(await json("apply", file, "--dry-run")).toMatchObject([{ groupId: "orders", action: "create" }]);
    expect(await bed.run(["get", "versions", "orders"])).toMatchObject({ code: 3 });
    expect(await json("apply", file)).toMatchObject([{ groupId: "orders", action: "create", version: 1 }]);
    expect(await json("apply", file)).toMatchObject([{ groupId: "orders", action: "none" }]);
    expect(await covered("orders")).toMatchObject({ code: 0 });

    const [schedule] = await json<Schedule[]>("get", "schedules", "--prefix", "orders");
    expect(schedule).toMatchObject({ spec: { groupId: "orders", operator: "duckdb" }, status: "REGISTERED" });
    const table = await bed.run(["get", "runs", "--group", "orders", "-o", "table"]);
    expect(table.stdout.split("\n")[0]).toMatch(/^RUN +GROUP +INTERVAL +KIND +STATE/);
    expect(table.stdout.match(/SUCCEEDED/g)).toHaveLength(4);
    const lines = await bed.run(["get", "runs", "--group", "orders", "-o", "jsonl", "--limit", "3"]);
    expect(
      lines.stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as Run).state),
    ).toEqual(["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
    expect(lines.stderr).toContain("--all");
    expect((await bed.run(["describe", "orders", "-o", "table"])).stdout).toContain("4 SUCCEEDED");
    const [report] = await json<AuditReport[]>("audit", "orders");
    expect(report).toMatchObject({ isComplete: true, succeeded: { intervals: 4 } });
  });

  it("moves a group to another engine, if the manager has it", async () => {
    const move = ["move", "orders", "--engine"];
    expect(await json(...move, "embedded")).toEqual({ groupId: "orders", from: "embedded", to: "embedded" });
    for (const flags of [[], ["--dry-run"]]) {
      expect(await bed.run([...move, "airflow", ...flags])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^ENGINE_UNKNOWN: .*airflow/),
      });
    }
    const [schedule] = await json<Schedule[]>("list", "schedules", "--prefix", "orders");
    expect(schedule).toMatchObject({ version: 1, spec: { engine: "embedded" } });
  });

  it("triggers a range, and explains a run of it", async () => {
    const [run] = await json<Run[]>("trigger", "orders", ...RANGE);
    expect(run).toMatchObject({ groupId: "orders", generation: 1, kind: "MANUAL" });
    const { stdout } = await bed.run(["explain", run!.id, "-o", "table"]);
    expect(stdout).toMatch(/^It (is|waits)/);
    const described = await bed.run(["describe", "run", run!.id, "-o", "table"]);
    expect(described.stdout).toMatch(new RegExp(`^Run: +${run!.id}\\nGroup: +orders\\n`));
    expect(await json("describe", "run", run!.id)).toMatchObject({ run: { id: run!.id }, shards: null });
    expect(await json("get", "shards", run!.id)).toEqual([]);
    expect(await bed.run(["describe", "orders", run!.id])).toMatchObject({ code: 2 });
  });

  it("prints what a run has logged, once or until it has ended", async () => {
    const [run] = await json<Run[]>("get", "runs", "--group", "orders", "--limit", "1");
    expect(await bed.run(["logs", run!.id, "-f"])).toMatchObject({ code: 0 });
    expect(await json("logs", run!.id, "--attempt", "1")).toMatchObject({ runId: run!.id, attempt: 1 });
    expect(await bed.run(["logs", run!.id, "-o", "table"])).toMatchObject({ code: 0 });
    expect(await bed.run(["logs", run!.id, "--attempt", "9"])).toMatchObject({ code: 2 });
    expect(await bed.run(["logs", "nobody"])).toMatchObject({ code: 3 });
  });

  it("backfills, restates and seals what is past", async () => {
    await bed.run(["apply", "-"], { input: hours("past") });
    await covered("past");
    expect(await json("backfill", "past", ...RANGE, "--select", "all", "--plan")).toMatchObject({ runs: 4 });
    const begun = await json<BackfillPlan>("backfill", "past", ...RANGE, "--select", "all", "--id", "again");
    expect(begun.backfill).toMatchObject({ id: "again", groupId: "past" });
    expect(await json("get", "backfills", "past")).toMatchObject([{ id: "again" }]);
    expect(await json("cancel", "--backfill", "again")).toMatchObject({ id: "again" });
    await bed.run(["apply", "-"], { input: hours("closed") });
    await covered("closed");
    const { planId } = await json<RestatementPlan>("restate", "closed", ...RANGE, "--plan");
    expect(await json("seal", "closed", "--until", "2026-01-01T04:00:00Z", "--note", "closed")).toMatchObject(
      {
        note: "closed",
      },
    );
    expect(await bed.run(["apply-plan", planId])).toMatchObject({ code: 4 });
    expect(await bed.run(["trigger", "closed", ...RANGE])).toMatchObject({ code: 4 });
    expect(await json("restate", "closed", ...RANGE, "--force")).toMatchObject({
      backfills: [{ groupId: "closed" }],
    });
  });

  it("pauses, resumes, previews and deletes", async () => {
    await bed.run(["apply", "-"], { input: hours("life") });
    await covered("life");
    expect(await json("pause", "life", "--note", "why")).toMatchObject({
      status: "PAUSED",
      statusReason: "why",
    });
    expect(await json("resume", "life")).toMatchObject({ status: "REGISTERED" });
    const daily =
      'groupId: daily\ntrigger: { type: cron, expression: "0 2 * * *" }\ntimezone: Europe/Berlin\n';
    const preview = await bed.run(["preview", "-", "--count", "2", "-o", "table"], {
      input: `${daily}operator: duckdb\n`,
    });
    expect(preview).toMatchObject({ code: 2, stderr: expect.stringContaining("job") });
    const file = bed.write("preview.yaml", hours("preview"));
    const { stdout } = await bed.run(["preview", file, "-o", "table"]);
    expect(stdout.split("\n")[1]).toBe(
      "2026-01-01T00:00:00Z  2026-01-01T01:00:00Z  1h      2026-01-01T01:00:00Z",
    );
    expect(await json("delete", "life")).toEqual({ groupId: "life", isPurged: false });
    expect(await json("get", "schedules", "--prefix", "life", "--status", "DELETED")).toHaveLength(1);
    expect(await json("get", "pools")).toEqual([]);
    expect(await json("get", "deadlines")).toEqual([]);
    expect(await json("stale")).toEqual([]);
    expect(await json("late-data")).toEqual([]);
    expect(await json("late-data", "life", "orders")).toEqual([]);
  });

  it("ends with a code that says what is wrong", async () => {
    const codes = async (...args: string[]) => (await bed.run(args)).code;
    expect({
      done: await codes("version"),
      usage: await codes("get", "everything"),
      value: await codes("coverage", "orders", "--from", "yesterday", "--to", "now"),
      notFound: await codes("get", "versions", "nobody"),
      conflict: await codes("retry", (await json<Run[]>("get", "runs", "--group", "orders"))[0]!.id),
      away: await codes("get", "schedules", "--url", "http://127.0.0.1:65535"),
      negative: await codes("coverage", "orders", "--from", "2025-12-31T00:00:00Z", "--to", "now"),
    }).toEqual({ done: 0, usage: 2, value: 2, notFound: 3, conflict: 4, away: 5, negative: 6 });
  });
});
