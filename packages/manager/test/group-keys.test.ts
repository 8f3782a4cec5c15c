import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import type { Page, Run } from "@tidegate/core";
import { groupSecret, groupToken } from "@tidegate/webhook";
import { AIRFLOW_SECRET, DOLPHIN_TOKEN, minutes, OTHER_SECRET, useManagers } from "./bed/managers.js";

const aManager = useManagers();
const ORDERS = groupSecret(AIRFLOW_SECRET, "orders")!;
const PAYMENTS = groupSecret(AIRFLOW_SECRET, "payments")!;

async function withGroups(options: Parameters<typeof aManager>[0] = {}) {
  const bed = await aManager(options);
  for (const groupId of ["orders", "payments"]) await bed.call("PUT", `/schedules/${groupId}`, minutes(2));
  const runs = async () => (await bed.call<Page<Run>>("GET", "/runs")).body.items;
  const byToken = (token: string, body: object) =>
    bed.call("POST", "/engines/dolphinscheduler/callbacks", body, { authorization: `Bearer ${token}` });
  return { ...bed, runs, byToken };
}

describe("a group's secret", () => {
  it("opens its group", async () => {
    const { callback, runs } = await withGroups();
    const taken = await callback({ groupId: "orders" }, { secret: ORDERS });
    expect(taken).toMatchObject({ status: 202, body: { duplicate: false } });
    expect((await runs()).every(({ groupId }) => groupId === "orders")).toBe(true);
  });

  it("opens no other: nothing is stored, and no secret is told", async () => {
    const { callback, runs, log } = await withGroups();
    for (const [groupId, secret] of [
      ["orders", PAYMENTS],
      ["payments", ORDERS],
      ["Orders", ORDERS],
      ["orders", groupSecret(OTHER_SECRET, "orders")!],
    ] as const) {
      const refused = await callback<unknown>({ groupId }, { secret });
      expect(refused).toMatchObject({ status: 401, body: { error: { code: "SIGNATURE_INVALID" } } });
      for (const shown of [refused.text, JSON.stringify([...refused.headers]), log.join("\n")]) {
        expect(shown).not.toContain(secret.slice("whsec_".length));
      }
    }
    expect(await runs()).toEqual([]);
  });

  it("opens no body that names its group in another way than the one that counts", async () => {
    const { callback, runs } = await withGroups();
    for (const body of [
      `{"groupId":"orders","groupId":"payments"}`,
      `{"groupId":["orders"]}`,
      `{"group":{"groupId":"orders"}}`,
      `[{"groupId":"orders"}]`,
      `{"groupId":"orders"`,
      "null",
      "",
    ]) {
      expect(await callback<unknown>(body, { secret: ORDERS })).toMatchObject({
        status: 401,
        body: { error: { code: "SIGNATURE_INVALID" } },
      });
    }
    expect(await runs()).toEqual([]);
    expect((await callback(`{"groupId":"payments","groupId":"orders"}`, { secret: ORDERS })).status).toBe(
      202,
    );
  });

  it("opens its group at the path of its engine only", async () => {
    const { callback } = await withGroups({
      callbacks: { airflow: { secret: AIRFLOW_SECRET }, other: { secret: OTHER_SECRET } },
    });
    expect((await callback({ groupId: "orders" }, { secret: ORDERS, engine: "other" })).status).toBe(401);
  });

  it("of either of the engine's is taken while that is rotated", async () => {
    const { callback } = await withGroups({
      callbacks: { airflow: { secret: `${OTHER_SECRET} ${AIRFLOW_SECRET}` } },
    });
    const fromNew = groupSecret(OTHER_SECRET, "orders")!;
    expect((await callback({ groupId: "orders" }, { secret: ORDERS })).status).toBe(202);
    expect((await callback({ groupId: "orders" }, { secret: fromNew })).status).toBe(200);
    expect((await callback({ groupId: "orders" }, { secret: PAYMENTS })).status).toBe(401);
  });
});

describe("a group's token", () => {
  it("opens its group and no other", async () => {
    const { byToken, runs } = await withGroups();
    const token = groupToken(DOLPHIN_TOKEN, "orders");
    for (const body of [{ groupId: "payments" }, { groupId: "Orders" }, {}, [], { groupId: 1 }]) {
      const refused = await byToken(token, body);
      expect(refused).toMatchObject({ status: 401, body: { error: { code: "UNAUTHORIZED" } } });
      expect(refused.text).not.toContain(token);
    }
    expect(await runs()).toEqual([]);
    expect((await byToken(token, { groupId: "orders" })).status).toBe(202);
    expect((await byToken(DOLPHIN_TOKEN, { groupId: "payments" })).status).toBe(202);
  });
});

describe("the commands of the README", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const command = (word: string): string => {
    const found = [...readme.matchAll(/```sh\n(.*?)```/gs)].filter(([, text]) => text?.includes(word));
    expect(found).toHaveLength(1);
    return found[0]![1]!;
  };
  const run = async (script: string, env: Record<string, string>) => {
    const environment = { PATH: process.env.PATH ?? "", ...env };
    return JSON.parse(
      (await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], { env: environment })).stdout,
    );
  };

  it("call the manager with curl and openssl", async () => {
    const bed = await withGroups({ callbacks: { cron: { secret: AIRFLOW_SECRET } } });
    const script = command("openssl dgst");
    const env = { TIDEGATE_URL: bed.url, GROUP_SECRET: ORDERS };
    expect(await run(script, env)).toMatchObject({ duplicate: false });
    expect(await run(script, env)).toMatchObject({ duplicate: true });
    await expect(run(script, { ...env, GROUP_SECRET: PAYMENTS })).rejects.toMatchObject({
      stdout: expect.stringContaining("SIGNATURE_INVALID"),
    });
  });

  it("call the manager with curl and a token", async () => {
    const bed = await withGroups({ callbacks: { cron: { token: DOLPHIN_TOKEN } } });
    const env = { TIDEGATE_URL: bed.url, GROUP_TOKEN: groupToken(DOLPHIN_TOKEN, "orders") };
    expect(await run(command("GROUP_TOKEN"), env)).toMatchObject({ duplicate: false });
  });
});

describe("tidegate-manager group-secret", () => {
  const cli = new URL("../dist/cli.js", import.meta.url).pathname;
  const run = (args: readonly string[], { input = "", ...env }: Record<string, string> = {}) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      env,
      input,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  it("derives a secret or a token, read from a variable or from the input", () => {
    const args = ["group-secret", "orders"];
    const secret = { status: 0, stdout: `${ORDERS}\n`, stderr: "" };
    expect(run(args, { TIDEGATE_SECRET: AIRFLOW_SECRET })).toEqual(secret);
    expect(run(args, { input: `${AIRFLOW_SECRET}\n` })).toEqual(secret);
    expect(run(args, { input: DOLPHIN_TOKEN }).stdout).toBe(`${groupToken(DOLPHIN_TOKEN, "orders")}\n`);
  });

  it("refuses what is malformed, and does not show it", () => {
    for (const input of [
      "",
      "short",
      "whsec_c2hvcnQtc2VjcmV0LW9mLWEtdGVzdA",
      `${AIRFLOW_SECRET.slice(0, -1)}!`,
    ]) {
      const { status, stdout, stderr } = run(["group-secret", "orders"], { input });
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain("whsec_");
      if (input !== "") expect(stderr).not.toContain(input);
    }
    for (const args of [[], ["group-secret"], ["group-secret", "a", "b"], ["secret", "a"]]) {
      expect(run(args, { TIDEGATE_SECRET: AIRFLOW_SECRET })).toMatchObject({
        status: 2,
        stderr: expect.stringContaining("Usage"),
      });
    }
    expect(run(["group-secret", "../etc"], { TIDEGATE_SECRET: AIRFLOW_SECRET }).status).toBe(2);
  });
});
