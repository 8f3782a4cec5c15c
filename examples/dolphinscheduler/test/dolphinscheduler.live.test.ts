import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

it("fires through a DolphinScheduler of its own, and leaves nothing behind", async () => {
  const { DOLPHIN_URL: _url, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN], { env });
  expect(stdout.match(/SUCCEEDED/g)!.length).toBeGreaterThanOrEqual(3);
  expect(stdout).toContain("Gaps: 0, overlaps: 0, sound: true.");
}, 1_200_000);
