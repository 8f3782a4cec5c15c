import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Run } from "@tidegate/core";
import type { Browser, Page } from "playwright-core";
import { violations } from "./bed/accessibility.js";
import { openPage, shoot, startBrowser } from "./bed/browser.js";
import { type Service, startService, until } from "./bed/service.js";

const TOKENS = {
  admin: "admin-token-of-the-tests",
  operator: "operator-token-of-the-tests",
  viewer: "viewer-token-of-the-tests",
} as const;

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
    startService({
      authorize: { token: TOKENS.admin, tokens: { operator: TOKENS.operator, viewer: TOKENS.viewer } },
    }),
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
  const page = await openPage(browser, {
    viewport: { width: 1360, height: 900 },
    timezoneId: "Europe/Berlin",
  });
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
    expect(await violations(page, "dialog")).toEqual([]);
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

describe("many groups that have failed", () => {
  it("are retried at once, and no other is", async () => {
    const { client } = service.tidegate;
    const startTime = Date.now() - 2.5 * 86_400_000;
    const failing = {
      trigger: { type: "period", every: 1, unit: "day" },
      startTime,
      endTime: startTime + 2 * 86_400_000,
      maxAttempts: 1,
      job: { args: { failsAt: [startTime] } },
    } as const;
    for (const groupId of ["outage-1", "outage-2"]) await client.register({ ...failing, groupId });
    await client.register({ ...failing, groupId: "outage-3", job: {} });
    const all = async (state: Run["state"]) =>
      (await client.runs({ states: [state] })).items.filter(({ groupId }) => groupId.startsWith("outage"));
    await until(async () => (await all("FAILED")).length === 2 && (await all("SUCCEEDED")).length === 2);
    service.mend();
    const page = await open("operator", "groups?q=outage");
    await page.getByRole("button", { name: "Act on all that match …" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("radio", { name: "Retry failed" }).check();
    await dialog.getByText("2 groups would be retried.").waitFor();
    expect(await dialog.getByRole("listitem").allInnerTexts()).toEqual(["outage-1", "outage-2"]);
    await dialog.getByRole("button", { name: "Retry failed: 2 groups" }).click();
    await dialog.getByText("2 groups are retried.").waitFor();
    await until(async () => (await all("SUCCEEDED")).length === 6);
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

describe("another full copy", () => {
  const copies = async () => {
    const { items } = await service.tidegate.client.runs({ groupId: "copied" });
    return items.flatMap(({ snapshot, state }) => (snapshot == null ? [] : [[snapshot.cause, state]]));
  };

  beforeAll(async () => {
    const startTime = Date.now() - 3 * 86_400_000;
    const mode = { mode: "full-then-incremental", resnapshotBy: "upsert" } as const;
    const info = { ...daily, groupId: "copied", job: { function: "load" }, startTime, ...mode };
    await service.tidegate.client.register({ ...info, catchup: "each" });
    await until(async () => (await copies()).flat().includes("SUCCEEDED"));
  });

  it("is made by an editor, after its plan, and only as it may be", async () => {
    const page = await open("admin", "groups/copied");
    await page.getByRole("button", { name: "Make a full copy" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("One run would copy everything that the source has now.").waitFor();
    await dialog.getByLabel("Why (for people)").fill("The target was lost.");
    await shoot(page, "plan-copy");
    expect(await violations(page, "dialog")).toEqual([]);
    await dialog.getByLabel("Only if it replaces the old copy as a whole").check();
    await dialog.getByRole("button", { name: "Make the copy" }).click();
    await dialog.getByRole("alert").getByText("does not replace its target as a whole").waitFor();
    expect(await copies()).toHaveLength(1);
    await dialog.getByLabel("Only if it replaces the old copy as a whole").uncheck();
    await dialog.getByRole("button", { name: "Make the copy" }).click();
    await dialog.waitFor({ state: "detached" });
    await until(async () => (await copies()).every(([, state]) => state === "SUCCEEDED"));
    expect((await copies()).map(([cause]) => cause).sort()).toEqual(["first", "requested"]);
    await page.context().close();
  });

  it("writes sealed time only if that is asked for", async () => {
    const { client } = service.tidegate;
    const before = await copies();
    const { coveredThrough } = await client.describe("copied");
    await client.seal("copied", coveredThrough);
    const page = await open("admin", "groups/copied");
    await page.getByRole("button", { name: "Make a full copy" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("is sealed; the copy writes it again.").waitFor();
    await dialog.getByRole("button", { name: "Make the copy" }).click();
    await dialog.getByRole("alert").getByText("is sealed").waitFor();
    expect(await copies()).toHaveLength(before.length);
    await dialog.getByLabel("Sealed time as well").check();
    await dialog.getByRole("button", { name: "Make the copy" }).click();
    await dialog.waitFor({ state: "detached" });
    await until(async () => (await copies()).length === before.length + 1);
    await page.context().close();
  });

  it("is offered to nobody below, nor for a group that makes none", async () => {
    const operator = await open("operator", "groups/copied");
    await operator.getByRole("button", { name: "Run now" }).waitFor();
    expect(await operator.getByRole("button", { name: "Make a full copy" }).count()).toBe(0);
    await operator.context().close();
    const admin = await open("admin", "groups/stock");
    await admin.getByRole("button", { name: "Run now" }).waitFor();
    expect(await admin.getByRole("button", { name: "Make a full copy" }).count()).toBe(0);
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
