// Takes the pictures of docs/images from the demonstration, in light and in dark: node scripts/pictures.mjs, after a build.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const { chromium } = createRequire(new URL("packages/dashboard/package.json", root))("playwright-core");
const { findChromium } = await import(new URL("test/servers/dist/index.js", root));
const images = fileURLToPath(new URL("docs/images/", root));
mkdirSync(images, { recursive: true });

/** Pages by the names of their pictures: the address, and what is there when all is. */
const PAGES = {
  overview: { address: () => "", shows: "svg" },
  groups: { address: () => "groups", shows: "text=as planned" },
  group: { address: () => "groups/all-flights?span=all", shows: "[data-index]" },
  run: { address: async (url) => `runs/${(await aRetriedRun(url)).id}`, shows: "text=Attempt 1" },
};

/** Returns a run of the first group that has needed a second attempt. */
async function aRetriedRun(url) {
  const answer = await fetch(`${url}/runs?groupId=all-flights&limit=100`);
  const { items } = await answer.json();
  return items.find(({ attempt }) => attempt > 1) ?? items[0];
}

/** Starts the demonstration at a terminal, where it stays up, and returns its address once it has been proved. */
function demonstrate() {
  const main = fileURLToPath(new URL("examples/demonstration/dist/main.js", root));
  const terminal = spawn("script", ["-qec", `'${process.execPath}' '${main}'`, "/dev/null"], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  return new Promise((resolve, reject) => {
    let printed = "";
    terminal.stdout.on("data", (text) => {
      printed += text;
      const url = /stays at (http:\S+)\/dashboard\//.exec(printed)?.[1];
      if (url !== undefined) resolve({ url, stop: () => process.kill(-terminal.pid, "SIGINT") });
    });
    terminal.once("exit", () => reject(new Error(`The demonstration has ended: ${printed}`)));
  });
}

const { url, stop } = await demonstrate();
const { path, env } = await findChromium();
const browser = await chromium.launch({
  executablePath: path,
  env: { ...process.env, ...env },
  args: ["--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    for (const [name, { address, shows }] of Object.entries(PAGES)) {
      await page.goto(`${url}/dashboard/${await address(url)}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.locator(shows).first().waitFor();
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: `${images}${name}-${colorScheme}.png` });
    }
    await context.close();
  }
} finally {
  await browser.close();
  stop();
}
