import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { ManagerClient } from "@tidegate/client";
import { dashboard } from "@tidegate/dashboard";
import { SqliteStore } from "@tidegate/store-sqlite";
import { findChromium } from "@tidegate/test-servers";
import { type Browser, chromium } from "playwright-core";
import { atMost, type Figure, percentile, rounded } from "../figure.js";
import { fillSqlite } from "../long-ledger.js";
import { assemble, noopOperator, registerAll, temporaryDirectory, waitUntil } from "../setup.js";

const GROUPS = 100_000;
/** Ten years of minutes. */
const MINUTES = 5_256_000;
const START = Date.UTC(2015, 0, 1);
const LONG = "long";
const NEVER = Date.UTC(2126, 0, 1);
const STARTS = 5;
const ROUNDS = 5;

/** How long a person waits for a page in a browser that knows nothing yet, and the store for a picture. */
export async function firstView(): Promise<Figure[]> {
  const directory = temporaryDirectory();
  const path = join(directory.path, "tidegate.db");
  await fill(path);
  const manager = fork(fileURLToPath(new URL("manager.js", import.meta.url)), [path]);
  try {
    const [{ url }] = (await once(manager, "message")) as [{ url: string }];
    const buckets = await bucketsMs(url);
    const bare = await shown(`${url}/health`, "text=ok");
    const overview = await shown(`${url}/dashboard/`, "text=Needs a person");
    const group = await shown(`${url}/dashboard/groups/${LONG}`, "[data-index]");
    const reference = { what: "the same for an answer of one line (ms)", value: bare };
    const groups = GROUPS.toLocaleString("en");
    return [
      atMost(1_500, {
        id: "ui-first-view",
        what: `overview of ${groups} groups in a fresh browser, until it is shown, median of ${STARTS}`,
        value: overview,
        unit: "ms",
        reference,
      }),
      atMost(1_000, {
        id: "ui-group-view",
        what: `page of a group with ten years of minutes in a fresh browser, until its map is shown, median of ${STARTS}`,
        value: group,
        unit: "ms",
        reference,
      }),
      atMost(100, {
        id: "coverage-buckets",
        what: `picture of a group with ${MINUTES.toLocaleString("en")} runs, SQLite, over HTTP`,
        value: buckets,
        unit: "ms",
        reference: { what: "runs in the group", value: MINUTES },
      }),
      size(),
    ];
  } finally {
    manager.disconnect();
    await once(manager, "exit");
    directory.remove();
  }
}

/** Writes the groups, of which one has a ledger of ten years. */
async function fill(path: string): Promise<void> {
  const tidegate = assemble(new SqliteStore({ path }), noopOperator());
  await tidegate.start();
  const trigger = { type: "period", every: 1, unit: "minute" } as const;
  const groupIds = Array.from({ length: GROUPS - 1 }, (_, n) => `group-${n}`);
  await registerAll(
    tidegate,
    groupIds.map((groupId) => ({ groupId, trigger, startTime: NEVER, job: {} })),
  );
  // Its past is dropped as one skip, which the minutes replace.
  const past = { startTime: START, endTime: START + MINUTES * 60_000, catchup: "drop" } as const;
  await tidegate.client.register({ groupId: LONG, trigger, ...past, job: {} });
  await waitUntil(async () => (await tidegate.client.get(LONG)).watermark === past.endTime, "the skip");
  await tidegate.stop();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144");
  database.exec(`DELETE FROM run WHERE group_no = (SELECT no FROM schedule WHERE group_id = '${LONG}')`);
  database.exec(fillSqlite({ groupId: LONG, salt: 0, start: START, runs: MINUTES }));
  database.exec(
    `UPDATE schedule_state SET run_count = ${MINUTES} WHERE no = (SELECT no FROM schedule WHERE group_id = '${LONG}')`,
  );
  database.close();
}

/** Returns the fastest of a few answers, ms: what the machine does beside is not under test. */
async function bucketsMs(url: string): Promise<number> {
  const client = new ManagerClient({ url });
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    await client.coverageBuckets(LONG);
    best = Math.min(best, performance.now() - began);
  }
  return rounded(best);
}

/** Returns how long an address takes to show something, ms, each time in a browser that was just started. */
async function shown(url: string, selector: string): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const browser = await launch();
    const page = await browser.newPage();
    const began = performance.now();
    await page.goto(url, { waitUntil: "commit" });
    await page.locator(selector).first().waitFor({ state: "visible" });
    times.push(performance.now() - began);
    await browser.close();
  }
  return rounded(percentile(times, 0.5));
}

/** Its sandbox needs rights that containers lack. */
async function launch(): Promise<Browser> {
  const { path, env } = await findChromium();
  return chromium.launch({
    executablePath: path,
    env: { ...process.env, ...env } as Record<string, string>,
    args: ["--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

function size(): Figure {
  const { directory } = dashboard();
  const page = readFileSync(join(directory, "index.html"), "utf8");
  const assets = readdirSync(join(directory, "assets"));
  // The files that the page names, and those that they load at once; pages that are opened now and then are files of their own.
  const named = assets.filter((name) => page.includes(name));
  const bytes = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + gzipSync(readFileSync(join(directory, "assets", name))).length, 0);
  return atMost(180, {
    id: "ui-size",
    what: "scripts and styles of the first view, gzip",
    value: rounded((bytes(named) + gzipSync(page).length) / 1_000),
    unit: "kB",
    reference: { what: "all files (kB)", value: rounded(bytes(assets) / 1_000) },
  });
}
