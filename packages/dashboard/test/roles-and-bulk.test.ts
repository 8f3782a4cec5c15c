import { AxeBuilder } from "@axe-core/playwright";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { shoot, startBrowser } from "./bed/browser.js";
import { type Service, startService, until } from "./bed/service.js";

const TOKENS = { admin: "admin-token-of-the-tests", viewer: "viewer-token-of-the-tests" } as const;

/** Daily at eight in the morning of New York, far from the viewer's zone. */
const daily = {
  trigger: { type: "cron", expression: "0 8 * * *" },
  timezone: "America/New_York",
  catchup: "drop",
} as const;

let service: Service;
let browser: Browser;

beforeAll(async () => {
  [service, browser] = await Promise.all([
    startService({ authorize: { token: TOKENS.admin, tokens: { viewer: TOKENS.viewer } } }),
    startBrowser(),
  ]);
  const { client } = service.tidegate;
  for (const groupId of ["sales-1", "sales-2", "sales-3", "stock"])
    await client.register({ ...daily, groupId });
  await client.pause("sales-3");
});

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

async function open(role: keyof typeof TOKENS, path: string): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 900 },
    timezoneId: "Europe/Berlin",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  await page.addInitScript((token) => sessionStorage.setItem("tidegate.token", token), TOKENS[role]);
  await page.goto(`${service.url}/dashboard/${path}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

describe("many groups at once", () => {
  it("are paused by keyboard alone: all that match and are not, after it is said which", async () => {
    const page = await open("admin", "groups?q=sales");
    await page.getByText("yours:").first().waitFor();
    await page.getByRole("button", { name: "Act on all that match …" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("2 groups would be paused.").waitFor();
    await dialog.getByText("does not fit their state: 1 group.").waitFor();
    expect(await dialog.getByRole("listitem").allInnerTexts()).toEqual(["sales-1", "sales-2"]);
    await dialog.getByRole("radio", { name: "Pause" }).focus();
    await page.keyboard.press("ArrowRight");
    await dialog.getByText("1 group would be resumed.").waitFor();
    await page.keyboard.press("ArrowLeft");
    await dialog.getByText("2 groups would be paused.").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type("The shop moves.");
    await shoot(page, "bulk");
    const { violations } = await new AxeBuilder({ page }).include("dialog").analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await dialog.getByRole("button", { name: "Pause: 2 groups" }).focus();
    await page.keyboard.press("Enter");
    await dialog.getByText("2 groups are paused.").waitFor();
    const { client } = service.tidegate;
    for (const groupId of ["sales-1", "sales-2"]) {
      expect(await client.get(groupId)).toMatchObject({ status: "PAUSED", statusReason: "The shop moves." });
    }
    expect(await client.get("stock")).toMatchObject({ status: "REGISTERED" });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.context().close();
  });
});

describe("a viewer", () => {
  it("sees all pages, and no button that would be refused", async () => {
    const page = await open("viewer", "groups/stock");
    await page.getByText("Covered through").waitFor();
    expect(await page.getByRole("button", { name: /Pause|Run now/ }).count()).toBe(0);
    await page.getByRole("link", { name: "Groups", exact: true }).first().click();
    await page.getByRole("link", { name: "stock" }).waitFor();
    expect(await page.getByText(/Act on all|New group/).count()).toBe(0);
    await page.context().close();
    const admin = await open("admin", "groups/stock");
    await admin.getByRole("button", { name: "Run now" }).waitFor();
    await admin.context().close();
  });
});

describe("the help", () => {
  it("is one click away from each page, at the part on that page", async () => {
    const page = await open("viewer", "groups/stock");
    await page.getByRole("link", { name: "Help on this page" }).click();
    await page.getByRole("heading", { level: 1, name: "Help" }).waitFor();
    await until(async () => (await page.evaluate(() => document.activeElement?.id)) === "group");
    await page.context().close();
  });
});
