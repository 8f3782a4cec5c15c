import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { violations } from "./bed/accessibility.js";
import { openPage, shoot, startBrowser } from "./bed/browser.js";
import { fillLarge, GROUPS, LONG } from "./bed/large.js";
import { type Service, startService } from "./bed/service.js";

let service: Service;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  [service, browser] = await Promise.all([startService({}, 0, fillLarge), startBrowser()]);
  page = await openPage(browser, { viewport: { width: 1360, height: 900 }, timezoneId: "UTC" });
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
});

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

async function open(path: string, heading: string): Promise<void> {
  await page.goto(`${service.url}/dashboard/${path}`);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

describe(`a manager of ${GROUPS.toLocaleString("en")} groups`, () => {
  it("has an overview, of what needs a person among them", async () => {
    await open("", "Overview");
    await page.getByRole("link", { name: LONG }).first().waitFor();
    await shoot(page, "large-overview");
    expect(await violations(page)).toEqual([]);
  });

  it("finds groups by typing, and draws only those that can be seen", async () => {
    await open("groups", "Groups");
    const table = page.getByRole("table", { name: "Groups" });
    const rows = table.getByRole("rowgroup").getByRole("row");
    await rows.nth(10).waitFor();
    expect(await table.getAttribute("aria-rowcount")).toBe("-1");
    expect(await rows.count()).toBeLessThan(60);
    expect(await violations(page)).toEqual([]);
    await page.mouse.wheel(0, 60_000);
    await table
      .getByRole("link", { name: /^group-1/ })
      .first()
      .waitFor();
    expect(await rows.count()).toBeLessThan(60);
    await page.getByLabel("Group begins with").fill("group-9999");
    await page.locator('[aria-label="Groups"][aria-rowcount="11"]').waitFor();
    const found = await table.getByRole("link").allInnerTexts();
    expect(found.map((text) => text.trim())).toEqual([
      "group-9999",
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((digit) => `group-9999${digit}`),
    ]);
    await page.reload();
    await page.locator('[aria-label="Groups"][aria-rowcount="11"]').waitFor();
  });
});

describe("a group of five million intervals", () => {
  it("opens, and zooms from all of it to a day", async () => {
    await open(`groups/${LONG}?span=all`, LONG);
    await page.getByText(/^a cell is a (week|month|day) ·/).waitFor();
    await page.locator("[data-index]").first().waitFor();
    expect(await page.locator("[data-index]").count()).toBeLessThanOrEqual(5_000);
    await shoot(page, "large-group");
    await page.getByText("Year", { exact: true }).click();
    await page.getByText(/^a cell is a (week|day) ·/).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByText("Day", { exact: true }).click();
    await page.getByText(/^a cell is an interval ·/).waitFor();
    expect(new URL(page.url()).searchParams.get("span")).toBe("1d");
    await page.getByRole("button", { name: "Show a table" }).click();
    await page.getByText("Time (UTC)").waitFor();
    expect(complaints).toEqual([]);
  });
});
