import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { violations } from "./bed/accessibility.js";
import { openPage, shoot, startBrowser } from "./bed/browser.js";
import { type Service, startService, until } from "./bed/service.js";

let service: Service;
let browser: Browser;
let page: Page;
const complaints: string[] = [];
/** Previews for which the manager asks a source. */
const asking: string[] = [];

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), startBrowser()]);
  page = await openPage(browser, {
    viewport: { width: 1360, height: 1000 },
    timezoneId: "Europe/Berlin",
  });
  page.on("console", (message) => {
    // The browser notes each answer of 400 as an error.
    if (message.type() === "error" && !message.text().includes("400")) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (request.url().includes("firstRead=true")) asking.push(request.url());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${service.url}/dashboard/`);
});

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

/** Moves on by Tab until the field or button with this name has the focus. */
async function tabTo(name: string): Promise<void> {
  const wanted = page
    .getByLabel(name)
    .or(page.getByRole("button", { name }))
    .or(page.getByRole("link", { name }));
  for (let presses = 0; presses < 60; presses += 1) {
    if (await wanted.evaluateAll((found) => found.includes(document.activeElement as HTMLElement))) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${name}.`);
}

async function type(name: string, text: string): Promise<void> {
  await tabTo(name);
  await page.keyboard.type(text);
}

async function press(name: string): Promise<void> {
  await tabTo(name);
  await page.keyboard.press("Enter");
}

/** Chooses by arrow keys: the letters of an option count as one word only if they are typed quickly enough. */
async function choose(name: string, begins: string): Promise<void> {
  await tabTo(name);
  const chosen = () => page.locator("select:focus option:checked").textContent();
  for (let presses = 0; !(await chosen())?.startsWith(begins); presses += 1) {
    if (presses === 20) throw new Error(`${name} has no option that begins with "${begins}".`);
    await page.keyboard.press("ArrowDown");
  }
}

/** Resolves when the field with this id has the focus, which follows what is shown. */
const untilFocused = (id: string) =>
  until(async () => (await page.evaluate(() => document.activeElement?.id)) === id);

describe("the wizard, by keyboard alone", () => {
  it("is where an empty overview leads, and says at its field what is wrong", async () => {
    await press("Describe the first one here");
    await page.getByRole("heading", { level: 1, name: "New group" }).waitFor();
    await press("Next: Trigger");
    await page.getByText("is needed.", { exact: true }).waitFor();
    await untilFocused("field-groupId");
    await page.keyboard.type("shop orders");
    await type("Labels", "team=sales");
    await choose("function", "l");
    await press("Next: Trigger");
    await page.getByText("must be 1 to 200 of letters, digits and _ . : -").first().waitFor();
    await untilFocused("field-groupId");
    await shoot(page, "wizard-refused");
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("orders");
    await press("Next: Trigger");
    await page.locator("h2:focus", { hasText: "Trigger" }).waitFor();
  });

  it("shows the days of daylight saving while the trigger is written, and what is owed", async () => {
    await choose("It fires", "at");
    await tabTo("Cron expression");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("30 2 * *");
    await page.getByText("trigger.expression: ").first().waitFor();
    await page.keyboard.type(" *");
    await page.getByText("Every day at 02:30, in Europe/Berlin").waitFor();
    await tabTo("Time zone");
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("America/New_York");
    await page.getByText("about 365 times a year").waitFor();
    await until(async () => (await page.getByLabel("Intervals to come").locator("tbody tr").count()) === 20);
    await type("First interval begins", "030820401200AM");
    const day = page.getByRole("row", { name: /11 Mar 2040, 02:30|11 Mar 2040, 03:00/ }).first();
    await day.getByText("02:30 does not exist; it runs at 03:00 instead.").waitFor();
    await day.getByText("clocks change").waitFor();
    for (let part = 0; part < 5; part += 1) await page.keyboard.press("ArrowLeft");
    await page.keyboard.type("010120261200AM");
    await page.getByText("are planned immediately").waitFor();
    await shoot(page, "wizard-trigger");
    expect(await violations(page)).toEqual([]);
    await press("Next: Policies");
    await page.locator("h2:focus", { hasText: "Policies" }).waitFor();
    await choose("Intervals that were missed", "are");
    await service.tidegate.client.registerSource({ groupId: "vendor", startTime: "2026-01-01T00:00:00Z" });
    await type("Waits for groups", "vendor");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 844 });
    await shoot(page, "wizard-policies-narrow-dark");
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1360, height: 1000 });
    expect(asking).toEqual([]);
    await press("Next: Review");
  });

  it("shows the definition as a file, and creates the group", async () => {
    await page.locator("h2:focus", { hasText: "Review" }).waitFor();
    await page.getByText(/^groupId: orders\n.*dependsOn:\n {2}groupId: vendor$/s).waitFor();
    await until(async () => asking.length > 0);
    await shoot(page, "wizard-review");
    expect(await violations(page)).toEqual([]);
    await press("Create the group");
    await page.getByRole("heading", { level: 1, name: "orders" }).waitFor();
    expect(await service.tidegate.client.get("orders")).toMatchObject({
      spec: {
        trigger: { type: "cron", expression: "30 2 * * *" },
        timezone: "America/New_York",
        startTime: Date.parse("2026-01-01T00:00:00-05:00"),
        labels: { team: "sales" },
        catchup: "drop",
        dependsOn: { groupId: "vendor" },
        job: { function: "load" },
      },
    });
    expect(complaints).toEqual([]);
  });

  it("refuses a text of ten megabytes where JSON is written, and keeps what was there", async () => {
    await page.goto(`${service.url}/dashboard/new`);
    const field = page.getByLabel("args");
    await field.fill('{ "table": "orders" }');
    await field.evaluate((element) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", `a: &a [x, x]\nb: [${"*a, ".repeat(2_500_000)}*a]`);
      const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
      if (element.dispatchEvent(paste)) throw new Error("The text was taken.");
    });
    await page.getByText("must not be longer than 1,000,000 characters").waitFor();
    await page.reload();
    expect(await field.inputValue()).toBe('{\n  "table": "orders"\n}');
    await field.fill("");
    expect(complaints).toEqual([]);
  });

  it("begins anew, and shows at its field what registration refuses", async () => {
    await page.goto(`${service.url}/dashboard/new`);
    await type("Group (needed)", "orders");
    for (const next of ["Trigger", "Policies", "Review"]) {
      await press(`Next: ${next}`);
      await page.locator("h2:focus", { hasText: next }).waitFor();
    }
    await press("Create the group");
    await page.getByRole("alert").getByText("orders").waitFor();
    await untilFocused("field-groupId");
  });
});
