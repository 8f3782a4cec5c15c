import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium } from "@tidegate/test-servers";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where screenshots stay, to be looked at. */
const SHOTS = fileURLToPath(new URL("../../../../.tmp/dashboard", import.meta.url));

/** Longest wait for what a page shows, ms: far longer than it takes, so that a slow machine does not fail. */
const PATIENCE_MS = 120_000;

/** Starts a browser without a screen. Its sandbox needs rights that containers lack. */
export async function startBrowser(): Promise<Browser> {
  const { path, env } = await findChromium();
  return chromium.launch({
    executablePath: path,
    timeout: PATIENCE_MS,
    env: { ...process.env, ...env } as Record<string, string>,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/** Opens a page that is patient, in a context of its own. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/** Looks of a page that tests go through: both colour schemes, and both layouts. */
export const LOOKS = [
  { name: "wide-light", colorScheme: "light", viewport: { width: 1360, height: 900 } },
  { name: "narrow-dark", colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const;

/** Keeps a picture of the whole page. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}
