import { AxeBuilder } from "@axe-core/playwright";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Run } from "@tidegate/core";
import type { Browser, Page } from "playwright-core";
import { LOOKS, shoot, startBrowser } from "./bed/browser.js";
import { fillService, HOSTILE, type Service, startService } from "./bed/service.js";

let service: Service;
let browser: Browser;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), startBrowser()]);
  await fillService(service);
});

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

/** Opens a page of the dashboard, and collects what the browser complains about. */
async function open(page: Page, path: string, heading: string): Promise<string[]> {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${service.url}/dashboard/${path}`);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  await page.waitForLoadState("load");
  return complaints;
}

async function aRun(groupId: string, state: Run["state"]): Promise<Run> {
  const { items } = await service.tidegate.client.runs({ groupId, states: [state] }, { limit: 1 });
  return items[0]!;
}

const PAGES = [
  { name: "overview", path: () => "", heading: "Overview", shows: "Blocked: later runs wait for this one" },
  {
    name: "groups",
    path: () => "groups",
    heading: "Groups",
    shows: "Orders of the shops, into the warehouse",
  },
  { name: "group", path: () => "groups/orders", heading: "orders", shows: "a cell is an interval" },
  { name: "group-merged", path: () => "groups/clicks", heading: "clicks", shows: "a cell is an interval" },
  {
    name: "group-days",
    path: () => "groups/customers",
    heading: "customers",
    shows: "a cell is an interval",
  },
  {
    name: "group-owed",
    path: () => "groups/returns",
    heading: "returns",
    shows: "Wait for the new warehouse",
  },
  { name: "group-stale", path: () => "groups/billing", heading: "billing", shows: "Covered through" },
  {
    name: "group-table",
    path: () => "groups/clicks?view=table",
    heading: "clicks",
    shows: "Time (Europe/Berlin)",
  },
  {
    name: "run-failed",
    path: async () => `runs/${(await aRun("payments", "FAILED")).id}`,
    heading: "20 Oct 2025, 20:00 – 21:00",
    shows: "Attempt 1",
  },
  {
    name: "run-waiting",
    path: async () => `runs/${(await aRun("billing", "PLANNED")).id}`,
    heading: "24 Oct 2025, 00:00 – 25 Oct 2025, 00:00",
    shows: "vendor",
  },
  {
    name: "dependencies",
    path: () => "dependencies?group=billing",
    heading: "Dependencies",
    shows: "It needs vendor for",
  },
  { name: "help", path: () => "help#run", heading: "Help", shows: "A few words first" },
  { name: "system", path: () => "system", heading: "System", shows: "kept by the store" },
];

describe.each(LOOKS)("the dashboard, $name", ({ name: look, colorScheme, viewport }) => {
  it.each(PAGES)("shows the page $name, accessible to everybody", async ({ name, path, heading, shows }) => {
    const context = await browser.newContext({ colorScheme, viewport, timezoneId: "Europe/Berlin" });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const complaints = await open(page, await path(), heading);
    await page.getByText(shows).first().waitFor({ state: "attached" });
    await shoot(page, `${name}-${look}`);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`,
    );
    expect({ found, complaints }).toEqual({ found: [], complaints: [] });
    await context.close();
  });
});

describe("texts of others", () => {
  it("are shown as they are: no markup, no escapes, no turned direction", async () => {
    const page = await browser.newPage();
    const complaints = await open(page, "groups/clicks", "clicks");
    await page.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(await page.getByText("\\u001b[31mred\\u001b[0m \\u202eright-to-left").count()).toBe(1);
    expect(await page.locator("img[src=x]").count()).toBe(0);
    await open(page, `runs/${(await aRun("payments", "FAILED")).id}`, "20 Oct 2025, 20:00 – 21:00");
    const log = page.getByRole("region", { name: "Log of attempt 1" });
    expect(await log.textContent()).toMatch(
      /^Reading .*Z\nRefused: <img .*> \\u001b\[31mred.* \\u202eright-to-left$/,
    );
    expect(await page.locator("img[src=x]").count()).toBe(0);
    expect(await page.textContent("body")).not.toContain(HOSTILE.slice(-16));
    expect(complaints).toEqual([]);
    await page.close();
  });
});
