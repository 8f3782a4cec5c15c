import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type AuditReport, type Run, TOKENS } from "@tidegate/core";
import type { Browser, Page } from "playwright-core";
import { violations } from "./bed/accessibility.js";
import { LOOKS, openPage, shoot, startBrowser } from "./bed/browser.js";
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
  {
    name: "groups-behind",
    path: () => "groups?order=lag",
    heading: "Groups",
    shows: "Behind by",
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
  {
    name: "audit",
    path: () => "audit?q=o",
    heading: "Audit",
    shows: "Audit these groups",
  },
  { name: "help", path: () => "help#run", heading: "Help", shows: "A few words first" },
  { name: "system", path: () => "system", heading: "System", shows: "This manager has the store to itself." },
];

describe.each(LOOKS)("the dashboard, $name", ({ name: look, colorScheme, viewport }) => {
  it.each(PAGES)("shows the page $name, accessible to everybody", async ({ name, path, heading, shows }) => {
    const page = await openPage(browser, { colorScheme, viewport, timezoneId: "Europe/Berlin" });
    const complaints = await open(page, await path(), heading);
    await page.getByText(shows).first().waitFor({ state: "attached" });
    await shoot(page, `${name}-${look}`);
    expect({ found: await violations(page), complaints }).toEqual({ found: [], complaints: [] });
    // Nothing makes the page itself wider than the screen; what is wider scrolls in its own frame.
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(viewport.width);
    await page.context().close();
  });
});

describe("the groups", () => {
  it("are shown with how far they are covered, and the furthest behind come first if that is asked for", async () => {
    const page = await openPage(browser, { timezoneId: "Europe/Berlin" });
    const complaints = await open(page, "groups", "Groups");
    const row = (name: string) => page.getByRole("row", { name });
    // Its run of 20:00 has failed, and all that follows waits for it.
    await row("payments").getByText("20 Oct 2025, 20:00").waitFor();
    await row("payments")
      .getByText(/behind$/)
      .waitFor();
    await row("customers").getByText("as planned").waitFor();
    await page.getByText("Furthest behind").click();
    const table = page.getByRole("region", { name: "Groups that are behind" });
    await table.waitFor();
    const { groups } = await service.tidegate.client.lags();
    expect(groups.length).toBeGreaterThan(1);
    const shown = await table.locator("tbody tr td:first-child").allInnerTexts();
    expect(shown.map((text) => text.trim())).toEqual(groups.map(({ groupId }) => groupId));
    expect(new URL(page.url()).search).toBe("?order=lag");
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe("the dependencies", () => {
  it("lead from a group that waits to what it waits for longest", async () => {
    const page = await openPage(browser);
    const complaints = await open(page, "dependencies?group=billing", "Dependencies");
    await page.getByText("It begins when vendor has covered what it lacks").waitFor();
    const steps = await page
      .getByRole("list", { name: "Critical path" })
      .getByRole("listitem")
      .allInnerTexts();
    expect(steps).toEqual([
      expect.stringMatching(
        /^billing 24 Oct 2025, 00:00 – 25 Oct 2025, 00:00 waits for its gates, usually takes /,
      ),
      expect.stringMatching(/^vendor has no run for it yet$/),
    ]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe("the audit of all groups", () => {
  it("says of each ledger whether it is sound and complete, and is kept with its hash", async () => {
    const page = await openPage(browser);
    const complaints = await open(page, "audit", "Audit");
    await page.getByRole("button", { name: "Audit all groups" }).click();
    const { client } = service.tidegate;
    const { items } = await client.list();
    const audits = await Promise.all(items.map(({ spec }) => client.audit(spec.groupId)));
    const complete = audits.filter(({ isComplete }) => isComplete).length;
    expect(complete).toBeGreaterThan(0);
    expect(complete).toBeLessThan(6);
    await page.getByRole("heading", { name: `6 groups: all sound, ${complete} complete` }).waitFor();
    const table = page.getByRole("region", { name: "Audits by group" });
    await table.getByRole("row", { name: /^customers Complete 100 % .* none / }).waitFor();
    await table.getByRole("row", { name: /^payments Sound .* 1 interval / }).waitFor();
    expect(await violations(page)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as JSON" }).click(),
    ]);
    const text = readFileSync(await download.path(), "utf8");
    const { reports } = JSON.parse(text) as { readonly reports: readonly AuditReport[] };
    expect(reports.find(({ groupId }) => groupId === "orders")).toEqual(await client.audit("orders"));
    await page.getByText(hash("sha256", text, "hex")).waitFor();
    await page.emulateMedia({ media: "print" });
    expect(await page.getByRole("button").count()).toBe(0);
    expect(await page.getByRole("navigation").count()).toBe(0);
    await shoot(page, "audit-print");
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe("the system", () => {
  it("shows how large the store is, by table", async () => {
    const page = await openPage(browser);
    const complaints = await open(page, "system", "System");
    const tables = page.getByRole("region", { name: "All tables" });
    const { tables: sizes } = await service.tidegate.container.get(TOKENS.store).inspect();
    const { rows } = sizes.find(({ name }) => name === "run")!;
    expect(rows).toBeGreaterThan(100);
    await tables.getByRole("row", { name: `run ${rows!.toLocaleString("en")} not known` }).waitFor();
    await page.getByText(/^[\d.]+ (kB|MB)$/).waitFor();
    await page.getByText("kept by the store").first().waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe("texts of others", () => {
  it("are shown as they are: no markup, no escapes, no turned direction", async () => {
    const page = await openPage(browser);
    const complaints = await open(page, "groups/clicks", "clicks");
    await page.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(await page.getByText("\\u001b[31mred\\u001b[0m \\u202eright-to-left").count()).toBe(1);
    expect(await page.locator("img[src=x]").count()).toBe(0);
    await open(page, "groups/returns", "returns");
    const note = page.getByText("Wait for the new warehouse <img src=x onerror=alert(1)> \\u001b[31mred");
    await note.first().waitFor();
    expect(await page.locator("img[src=x]").count()).toBe(0);
    await open(page, `runs/${(await aRun("payments", "FAILED")).id}`, "20 Oct 2025, 20:00 – 21:00");
    const log = page.getByRole("region", { name: "Log of attempt 1" });
    expect(await log.textContent()).toMatch(
      /^Reading .*Z\nRefused: <img .*> \\u001b\[31mred.* \\u202eright-to-left$/,
    );
    expect(await page.locator("img[src=x]").count()).toBe(0);
    expect(await page.textContent("body")).not.toContain(HOSTILE.slice(-16));
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
