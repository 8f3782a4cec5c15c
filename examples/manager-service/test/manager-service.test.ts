import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { AuditReport, Page, Run } from "@tidegate/core";
import { until } from "@tidegate/testkit";
import { ManagerProcess } from "./support/manager-process.js";
import { Worker } from "./support/worker.js";

const SECRET = `whsec_${Buffer.from("a secret of thirty-two bytes ...").toString("base64")}`;

const AIRFLOW_SECRET = `whsec_${Buffer.from("another of thirty-two bytes .....").toString("base64")}`;

describe("the manager service", () => {
  let directory: string;
  let worker: Worker;
  let workerAddress: string;
  let manager: ManagerProcess;

  const startManager = async (): Promise<void> => {
    manager = await ManagerProcess.start({
      DATABASE: join(directory, "tidegate.db"),
      WORKERS: workerAddress,
      WEBHOOK_SECRET: SECRET,
      AIRFLOW_SECRET,
    });
    worker.callbackAddress = manager.callbackAddress;
  };
  const definition = () => ({
    trigger: { type: "period", every: 1, unit: "second" },
    job: { url: `http://${workerAddress}/jobs`, completion: "callback", secretRef: "workers" },
  });
  const audit = async () => (await manager.call<AuditReport>("GET", "/schedules/orders/audit")).body;
  const succeeded = (count: number) =>
    until(async () => (await audit()).succeeded.runs >= count, { what: `${count} runs to succeed` });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "tidegate-manager-"));
    worker = new Worker(SECRET);
    workerAddress = await worker.start();
    await startManager();
  });
  afterEach(async () => {
    await manager.end("SIGKILL");
    await worker.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("has each interval done once by a worker that calls back, also over a crash", async () => {
    const first = await manager.call("PUT", "/schedules/orders", definition());
    expect(first).toMatchObject({ status: 200, body: { schedule: { version: 1 } } });
    await succeeded(2);
    await manager.end("SIGKILL");
    await startManager();
    const again = await manager.call("PUT", "/schedules/orders", definition());
    expect(again.body).toMatchObject({ schedule: { version: 1 } });
    await succeeded(5);
    expect(await audit()).toMatchObject({ gaps: [], overlaps: [], isSound: true });
    const keyOf = new Map(worker.taken.map((job) => [job.lowerBoundary, job.idempotencyKey]));
    for (const job of worker.taken) expect(job.idempotencyKey).toBe(keyOf.get(job.lowerBoundary));
    expect(await manager.end("SIGTERM")).toBe(0);
  });

  it("leads a schedule's life by HTTP", async () => {
    await manager.call("PUT", "/schedules/orders", definition());
    const paused = await manager.call("POST", "/schedules/orders/pause", { note: "maintenance" });
    expect(paused.body).toMatchObject({ status: "PAUSED", statusReason: "maintenance" });
    const resumed = await manager.call("POST", "/schedules/orders/resume");
    expect(resumed.body).toMatchObject({ status: "REGISTERED" });
    const listed = await manager.call("GET", "/schedules?limit=1");
    expect(listed.body).toMatchObject({ items: [{ spec: { groupId: "orders" } }] });
    await succeeded(1);
    const path = "/runs?groupId=orders&state=SUCCEEDED&limit=1";
    const [run] = (await manager.call<Page<Run>>("GET", path)).body.items;
    const { id, lower, upper } = run!;
    expect((await manager.call("GET", `/runs/${id}`)).body).toMatchObject({ id });
    const again = await manager.call("POST", "/schedules/orders/trigger", { lower, upper });
    expect(again.body).toMatchObject([{ lower, upper, kind: "MANUAL", generation: 1 }]);
    expect((await manager.call("DELETE", "/schedules/orders")).status).toBe(204);
    const described = await manager.call("GET", "/schedules/orders");
    expect(described.body).toMatchObject({ status: "DELETED" });
  });

  it("answers mistakes with their code and field", async () => {
    const unknown = await manager.call("GET", "/schedules/nobody");
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: "SCHEDULE_NOT_FOUND" } } });
    const zone = await manager.call("PUT", "/schedules/orders", {
      ...definition(),
      timezone: "Mars/Olympus",
    });
    expect(zone).toMatchObject({
      status: 400,
      body: { error: { code: "TIMEZONE_UNKNOWN", field: "timezone" } },
    });
    const forged = await manager.call("POST", "/callbacks", { state: "SUCCEEDED" });
    expect(forged.status).toBe(401);
    const broken = await manager.call("PUT", "/schedules/orders");
    expect(broken).toMatchObject({ status: 400, body: { error: { code: "SCHEDULE_INVALID" } } });
    const unsigned = await manager.call("POST", "/engines/airflow/callbacks", { groupId: "orders" });
    expect(unsigned).toMatchObject({ status: 401, body: { error: { code: "SIGNATURE_INVALID" } } });
  });
});
