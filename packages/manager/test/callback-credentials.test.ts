import { describe, expect, it } from "@jest/globals";
import type { Page, Run } from "@tidegate/core";
import { createManager } from "../src/index.js";
import {
  AIRFLOW_SECRET,
  DOLPHIN_TOKEN,
  MINUTE,
  minutes,
  OTHER_SECRET,
  type Receipt,
  signed,
  useManagers,
} from "./bed/managers.js";

const aManager = useManagers();
const BODY = { groupId: "orders" };

async function withOrders(options: Parameters<typeof aManager>[0] = {}) {
  const bed = await aManager(options);
  await bed.call("PUT", "/schedules/orders", minutes(2));
  const runs = async () => (await bed.call<Page<Run>>("GET", "/runs")).body.items;
  return { ...bed, runs };
}

describe("the callback route", () => {
  it("refuses what no known secret has signed", async () => {
    const { callback, call, runs } = await withOrders();
    const text = JSON.stringify(BODY);
    const good = signed(text);
    const refusals = [
      await callback<unknown>(BODY, { secret: OTHER_SECRET }),
      await call("POST", "/engines/airflow/callbacks", BODY),
      await call("POST", "/engines/airflow/callbacks", { groupId: "order" }, good),
      await call("POST", "/engines/airflow/callbacks", BODY, { ...good, "webhook-id": "msg_else" }),
      await call("POST", "/engines/airflow/callbacks", BODY, { ...good, "webhook-signature": "v1," }),
      await call("POST", "/engines/airflow/callbacks", BODY, { authorization: `Bearer ${AIRFLOW_SECRET}` }),
    ];
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ status: 401, body: { error: { code: "SIGNATURE_INVALID" } } });
    }
    expect(await runs()).toEqual([]);
  });

  it("refuses what was signed too long ago, or is from the future", async () => {
    const { callback } = await withOrders();
    for (const minutesAgo of [6, -6]) {
      const at = Date.now() - minutesAgo * MINUTE;
      expect((await callback<unknown>(BODY, { at })).status).toBe(401);
    }
    expect((await callback(BODY, { at: Date.now() - 4 * MINUTE })).status).toBe(202);
  });

  it("refuses one engine's credentials at another's path", async () => {
    const { callback, call } = await withOrders({
      callbacks: {
        airflow: { secret: AIRFLOW_SECRET },
        other: { secret: OTHER_SECRET },
        dolphinscheduler: { token: DOLPHIN_TOKEN },
      },
    });
    expect((await callback(BODY, { engine: "other" })).status).toBe(401);
    expect((await callback(BODY, { engine: "dolphinscheduler" })).status).toBe(401);
    const authorization = `Bearer ${DOLPHIN_TOKEN}`;
    expect((await call("POST", "/engines/airflow/callbacks", BODY, { authorization })).status).toBe(401);
    expect((await callback<unknown>(BODY, { engine: "nobody" })).body).toMatchObject({
      error: { code: "ENGINE_UNKNOWN" },
    });
  });

  it("refuses a wrong token, whatever its length", async () => {
    const { call } = await withOrders();
    for (const authorization of [
      "",
      "Bearer",
      "Bearer x",
      `Bearer ${DOLPHIN_TOKEN}x`,
      `Bearer ${DOLPHIN_TOKEN.slice(1)}`,
      `Basic ${DOLPHIN_TOKEN}`,
      DOLPHIN_TOKEN,
    ]) {
      const answer = await call("POST", "/engines/dolphinscheduler/callbacks", BODY, { authorization });
      expect(answer).toMatchObject({ status: 401, body: { error: { code: "UNAUTHORIZED" } } });
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  it("takes both secrets while one is rotated", async () => {
    const { callback, call } = await withOrders({
      callbacks: { airflow: { secret: `${OTHER_SECRET} ${AIRFLOW_SECRET}` } },
    });
    const taken = await callback(BODY);
    expect(taken.status).toBe(202);
    expect((await callback(BODY, { secret: OTHER_SECRET })).status).toBe(200);
    expect((await call("GET", taken.body.statusUrl)).status).toBe(200);
  });

  it("takes the very same message again as a duplicate", async () => {
    const { callback } = await withOrders();
    const first = await callback(BODY, { id: "msg_same" });
    const second = await callback(BODY, { id: "msg_same" });
    expect([first.status, second.status]).toEqual([202, 200]);
    expect(second.body.runId).toBe(first.body.runId);
  });

  it("reads no more than it may", async () => {
    const { callback } = await withOrders();
    const huge = { ...BODY, note: "x".repeat(70_000) };
    expect(await callback<unknown>(huge)).toMatchObject({
      status: 413,
      body: { error: { code: "REQUEST_INVALID" } },
    });
    expect((await callback({ ...BODY, note: "x".repeat(60_000) })).status).toBe(202);
  });

  it("takes the bytes as they come, whatever they are said to be", async () => {
    const { url } = await withOrders();
    const text = `{ "groupId" :\n"orders" }`;
    const response = await fetch(`${url}/engines/airflow/callbacks`, {
      method: "POST",
      headers: { ...signed(text), "content-type": "text/plain" },
      body: text,
    });
    expect(response.status).toBe(202);
  });

  it("shows a run's status to nobody who was not given its address", async () => {
    const { callback, call } = await withOrders();
    const { runId, statusUrl } = (await callback(BODY)).body;
    const other = (await call<Page<Run>>("GET", "/runs?order=ascending")).body.items[0]!.id;
    expect(other).not.toBe(runId);
    const key = statusUrl.split("key=")[1]!;
    for (const path of [
      `/engines/airflow/runs/${runId}?key=x`,
      `/engines/airflow/runs/${other}?key=${key}`,
      `/engines/dolphinscheduler/runs/${runId}?key=${key}`,
    ]) {
      expect(await call("GET", path)).toMatchObject({
        status: 401,
        body: { error: { code: "UNAUTHORIZED" } },
      });
    }
    expect((await call("GET", `/engines/airflow/runs/${runId}`)).status).toBe(400);
  });

  it("is closed where no callbacks were asked for", async () => {
    const { callback, call } = await withOrders({ callbacks: {} });
    expect((await callback(BODY)).status).toBe(404);
    expect((await call("POST", "/inlong/manager/api/group/submitOfflineJob", BODY)).status).toBe(404);
  });

  it("gives whole status addresses where it knows its own", async () => {
    const { callback } = await withOrders({ publicUrl: "https://tidegate.example/api/" });
    const { statusUrl } = (await callback<Receipt>(BODY)).body;
    expect(statusUrl).toMatch(
      /^https:\/\/tidegate\.example\/api\/engines\/airflow\/runs\/[0-9a-f]{32}\?key=/,
    );
  });

  it("has no unfit credentials, and does not show them", async () => {
    const { tidegate } = await withOrders();
    for (const credentials of [
      { secret: "whsec_c2hvcnQtc2VjcmV0" },
      { secret: "no-prefix-at-all-but-a-long-one" },
      { secret: "" },
      { token: "short-token" },
      { token: "a token with spaces in it" },
    ]) {
      const attempt = () => createManager({ tidegate, callbacks: { airflow: credentials } });
      expect(attempt).toThrow(
        expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "callbacks.airflow" }),
      );
      const [value] = Object.values(credentials);
      if (value !== "")
        expect(attempt).not.toThrow(expect.objectContaining({ message: expect.stringContaining(value!) }));
    }
    expect(() => createManager({ tidegate, callbacks: { "a/b": { token: DOLPHIN_TOKEN } } })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID" }),
    );
  });
});

describe("secrets", () => {
  it("are neither logged nor answered, whatever happens", async () => {
    const restToken = "rest-token-of-the-tests";
    const bed = await aManager({ authorize: { token: restToken } });
    const rest = { authorization: `Bearer ${restToken}` };
    await bed.call("PUT", "/schedules/orders", minutes(2), rest);
    const texts: string[] = [];
    const note = async (answer: Promise<{ text: string; headers: Headers }>) => {
      const { text, headers } = await answer;
      texts.push(text, JSON.stringify([...headers]));
    };
    await note(bed.callback(BODY));
    await note(bed.callback(BODY, { secret: OTHER_SECRET }));
    await note(bed.callback("{"));
    await note(bed.call("GET", "/schedules/orders", undefined, rest));
    await note(bed.call("GET", "/schedules/orders", undefined, { authorization: `Bearer ${restToken}x` }));
    await note(
      bed.call("POST", "/engines/dolphinscheduler/callbacks", BODY, {
        authorization: `Bearer ${DOLPHIN_TOKEN}`,
      }),
    );
    const { statusUrl } = (await bed.callback(BODY)).body;
    const key = statusUrl.split("key=")[1]!;
    await note(bed.call("GET", statusUrl));
    await note(bed.call("GET", `/nowhere?key=${key}`));
    await note(bed.call("GET", `/%zz?key=${key}`));
    await note(bed.call("GET", `${statusUrl.replace("/runs/", "/runs/0")}`));
    await bed.manager.close();

    const secrets = [AIRFLOW_SECRET, AIRFLOW_SECRET.slice("whsec_".length), DOLPHIN_TOKEN, restToken];
    const answered = texts.join("\n");
    const logged = bed.log.join("\n");
    for (const secret of secrets) {
      expect(answered).not.toContain(secret);
      expect(logged).not.toContain(secret);
    }
    expect(logged).not.toContain(key);
    expect(logged).toContain("/engines/airflow/callbacks");
    expect(answered).not.toMatch(/\bat .*\.[jt]s:\d+/);
  });
});
