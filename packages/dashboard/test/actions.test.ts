import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Locator, Page } from "playwright-core";
import { violations } from "./bed/accessibility.js";
import { openPage, shoot, startBrowser } from "./bed/browser.js";
import { GROUPS, type Service, startService, until } from "./bed/service.js";

const HOUR = 3_600_000;
const ORDERS = GROUPS.find(({ groupId }) => groupId === "orders")!;
const BEGIN = Number(ORDERS.startTime);

let service: Service;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), startBrowser()]);
  await service.tidegate.client.register(ORDERS);
  const { client } = service.tidegate;
  await until(async () => (await client.get("orders")).watermark === ORDERS.endTime);
  await until(async () => (await client.describe("orders")).active.length === 0);
  page = await openPage(browser, {
    viewport: { width: 1360, height: 1000 },
    timezoneId: "Europe/Berlin",
  });
  await page.goto(`${service.url}/dashboard/groups/orders`);
  service.mend();
});

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

const cell = (index: number): Locator => page.locator(`[data-index="${index}"]`);

async function drag(from: number, to: number): Promise<void> {
  await cell(from).hover();
  await page.mouse.down();
  await cell(to).hover();
  await page.mouse.up();
}

describe("a range that is dragged over the heat map", () => {
  it("is run where it failed, after its plan, and the map shows it without being read again by hand", async () => {
    expect(await cell(50).getAttribute("aria-label")).toContain("Failed");
    await drag(48, 53);
    await page.getByText("4 succeeded, 2 failed").waitFor();
    await page.getByRole("button", { name: "Run what is missing …" }).click();
    await page.getByText("2 runs would start.").waitFor();
    await page.getByText("22 Oct 2025, 02:00 – 04:00").waitFor();
    const choices = page.getByRole("dialog").getByRole("radio");
    await page.getByRole("radio", { name: "Everything, also what has succeeded (6)" }).waitFor();
    expect(await choices.count()).toBe(4);
    await page.getByRole("radio", { name: "Failed intervals (2)" }).waitFor();
    await page.getByText(/^About .*, if runs take as long as usual\.$/).waitFor();
    await shoot(page, "plan-backfill");
    expect(await violations(page, "dialog")).toEqual([]);
    await page.getByRole("button", { name: "Start 2 runs" }).click();
    await page.getByText("6 succeeded").waitFor();
    await page.getByRole("button", { name: "Backfills" }).click();
    await page.getByText("2 runs planned").waitFor();
  });

  it("is run again by keyboard alone, as the plan says", async () => {
    await cell(10).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.getByText("3 succeeded").waitFor();
    await page.getByRole("button", { name: "Run again …" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("3 intervals would run again.").waitFor();
    await page.getByLabel("Why (for people)").focus();
    await page.keyboard.type("The shop has sent corrections.");
    await shoot(page, "plan-restate");
    await page.getByRole("button", { name: "Run 3 intervals again" }).focus();
    await page.keyboard.press("Enter");
    const { client } = service.tidegate;
    const again = async () =>
      (await client.runs({ groupId: "orders", states: ["SUCCEEDED"] }, { limit: 1_000 })).items.filter(
        ({ generation, lower }) => generation > 0 && lower >= BEGIN + 11 * HOUR && lower < BEGIN + 14 * HOUR,
      );
    await until(async () => (await again()).length === 3);
  });

  it("is sealed up to its end, and shows it", async () => {
    await drag(20, 23);
    await page.getByRole("button", { name: "Seal up to here …" }).click();
    await page.getByText("Closed would be 20 Oct 2025, 00:00 – 21 Oct 2025, 00:00.").waitFor();
    expect(await violations(page, "dialog")).toEqual([]);
    await page.getByRole("button", { name: "Seal", exact: true }).click();
    await page.locator('[data-index="23"][aria-label*="sealed"]').waitFor();
    expect(await cell(24).getAttribute("aria-label")).not.toContain("sealed");
  });

  it("is shown larger, and the address says so", async () => {
    await drag(24, 47);
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.getByText("24 cells").waitFor();
    const { searchParams } = new URL(page.url());
    expect([searchParams.get("from"), searchParams.get("to")]).toEqual([
      String(BEGIN + 24 * HOUR),
      String(BEGIN + 48 * HOUR),
    ]);
    await page.goBack();
    await page.getByText("193 cells").waitFor();
  });
});

describe("a group's buttons", () => {
  it("pause it with a note, and resume it", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByLabel("Why (for people)").fill("The warehouse is being moved.");
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await page.getByText("The warehouse is being moved.").waitFor();
    expect(await service.tidegate.client.get("orders")).toMatchObject({ status: "PAUSED" });
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
  });
});
