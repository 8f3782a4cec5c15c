import { AxeBuilder } from "@axe-core/playwright";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Run } from "@tidegate/core";
import type { Browser, Page } from "playwright-core";
import { shoot, startBrowser } from "./bed/browser.js";
import { type Service, startService, until } from "./bed/service.js";

const BEGIN = Date.parse("2025-10-20T00:00:00Z");
const HOUR = 3_600_000;

const hourly = {
  trigger: { type: "period", every: 1, unit: "hour" },
  startTime: BEGIN,
  endTime: BEGIN + 2 * HOUR,
} as const;

let service: Service;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), startBrowser()]);
  const { client } = service.tidegate;
  await client.register({ ...hourly, groupId: "regions", shards: {} });
  await client.register({
    ...hourly,
    groupId: "events",
    boundaryType: "OFFSET",
    source: { type: "log" },
    startAt: "earliest",
  });
  await until(async () => (await succeeded("regions")).length === 2);
  await until(async () => (await succeeded("events")).length > 0);
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
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

async function violations(): Promise<string[]> {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
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
    expect(await violations()).toEqual([]);
  });

  it("shows the positions that it has read", async () => {
    const [run] = await succeeded("events");
    await open(`runs/${run!.id}`, "Positions");
    expect(await rows("Positions by partition")).toEqual(["0 0 1200", "1 0 34"]);
    expect(await violations()).toEqual([]);
  });
});

describe("the page of a group", () => {
  it("shows how far its source has been read, and whether rows came late", async () => {
    await open("groups/events?tab=late", "Source: log");
    expect(await rows("Positions by partition")).toEqual(["0 1200 1200 0", "1 34 34 0"]);
    await page.getByText("No rows have come late.").waitFor();
    await shoot(page, "group-source");
    expect(await violations()).toEqual([]);
  });
});
