import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Run } from "@tidegate/core";
import { defineEngine } from "@tidegate/core/engine";
import type { Browser, Page } from "playwright-core";
import { parse } from "yaml";
import { violations } from "./bed/accessibility.js";
import { openPage, shoot, startBrowser } from "./bed/browser.js";
import { type Service, startService, until } from "./bed/service.js";

const BEGIN = Date.parse("2025-10-20T00:00:00Z");
const HOUR = 3_600_000;

const hourly = {
  trigger: { type: "period", every: 1, unit: "hour" },
  startTime: BEGIN,
  endTime: BEGIN + 2 * HOUR,
} as const;

/** An engine that never fires. */
const idle = defineEngine({
  type: "idle",
  capabilities: { finestPeriodMs: 1_000, holdsDefinitions: false },
  create: () => ({
    start: async () => {},
    handleRegister: async () => {},
    handleUnregister: async () => {},
    async *list() {},
    stop: async () => {},
  }),
});

let service: Service;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService({}, 0, undefined, [idle]), startBrowser()]);
  const { client } = service.tidegate;
  await client.register({ ...hourly, groupId: "regions", shards: {} });
  await client.register({
    ...hourly,
    groupId: "events",
    boundaryType: "OFFSET",
    source: { type: "log" },
    startAt: "earliest",
  });
  await client.register({ ...hourly, groupId: "follower", dependsOn: { groupId: "regions" } });
  await client.register({ ...hourly, groupId: "elsewhere", engine: "idle" });
  const startTime = Date.now() - 1.5 * HOUR;
  await client.register({
    ...hourly,
    groupId: "endangered",
    startTime,
    endTime: startTime + HOUR,
    maxAttempts: 1,
    deadline: { afterMs: 24 * HOUR },
    job: { args: { failsAt: [startTime] } },
  });
  await until(
    async () => (await client.deadlines({ groupId: "endangered", states: ["AT_RISK"] })).items.length > 0,
  );
  await until(async () => (await succeeded("regions")).length === 2);
  await until(async () => (await succeeded("events")).length > 0);
  page = await openPage(browser, { viewport: { width: 1360, height: 900 } });
});

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

async function succeeded(groupId: string): Promise<readonly Run[]> {
  const { items } = await service.tidegate.client.runs({ groupId, states: ["SUCCEEDED"] });
  return items.filter(({ submittedAt }) => submittedAt !== null);
}

async function open(path: string, name: string): Promise<void> {
  await page.goto(`${service.url}/dashboard/${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("region", { name, exact: true }).waitFor();
}

async function rows(region: string): Promise<string[]> {
  const found = await page.getByRole("region", { name: region }).locator("tbody tr").allInnerTexts();
  return found.map((text) => text.replace(/\s+/g, " ").trim());
}

describe("the page of a run", () => {
  it("shows its shards", async () => {
    const [run] = await succeeded("regions");
    await open(`runs/${run!.id}`, "Shards");
    await page.getByText("2 shards, 100 % done").waitFor();
    await page.getByText("2 of 2 have succeeded").waitFor();
    await page.getByText(/^slowest: (east|west)$/).waitFor();
    expect(await rows("All shards")).toEqual([
      expect.stringMatching(/^east Succeeded .* 1 1,000$/),
      expect.stringMatching(/^west Succeeded .* 1 1,000$/),
    ]);
    await shoot(page, "run-shards");
    expect(await violations(page)).toEqual([]);
  });

  it("shows the positions that it has read", async () => {
    const [run] = await succeeded("events");
    await open(`runs/${run!.id}`, "Positions");
    expect(await rows("Positions by partition")).toEqual(["0 0 1200", "1 0 34"]);
    expect(await violations(page)).toEqual([]);
  });
});

describe("the page of all groups", () => {
  it("says whose deadline is at risk", async () => {
    await page.goto(`${service.url}/dashboard/groups`);
    await page.getByRole("row", { name: /^endangered Blocked At risk / }).waitFor();
    expect(await page.getByText("At risk", { exact: true }).count()).toBe(1);
  });

  it("finds those of an engine if there are several", async () => {
    await page.goto(`${service.url}/dashboard/groups`);
    await page.getByRole("link", { name: "endangered" }).waitFor();
    await page.getByRole("radio", { name: "idle" }).check();
    await page.getByRole("link", { name: "endangered" }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: "elsewhere" }).waitFor();
    expect(new URL(page.url()).searchParams.get("engine")).toBe("idle");
    expect(await violations(page)).toEqual([]);
  });
});

describe("the page of a group", () => {
  it("shows its settings as a file has them, and leads to its dependencies", async () => {
    await open("groups/endangered?tab=settings", "More of this group");
    const text = await page.locator("pre").textContent();
    const { spec } = await service.tidegate.client.get("endangered");
    expect(parse(text!)).toEqual({
      ...spec,
      startTime: new Date(spec.startTime).toISOString(),
      endTime: new Date(spec.endTime!).toISOString(),
    });
    const main = page.getByRole("main");
    expect(await main.getByRole("link", { name: "Dependencies" }).count()).toBe(0);
    await open("groups/follower", "More of this group");
    await main.getByRole("link", { name: "Dependencies" }).click();
    await page.getByText("regions for its own interval").waitFor();
  });

  it("shows how far its source has been read, and whether rows came late", async () => {
    await open("groups/events?tab=late", "Source: log");
    expect(await rows("Positions by partition")).toEqual(["0 1200 1200 0", "1 34 34 0"]);
    await page.getByText("No rows have come late.").waitFor();
    await shoot(page, "group-source");
    expect(await violations(page)).toEqual([]);
  });
});
