import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { claim } from "./claim.js";

/** Belongs to the process that starts a server now. */
const TURN = join(tmpdir(), "tidegate-turn");

const LOOK_EVERY_MS = 200;

/**
 * Starts a large server while no other test of this machine starts one. A start takes all processors for half a minute,
 * and several at once fail by the time limits that these servers have among their own parts.
 */
export async function inTurn<T>(start: () => Promise<T>): Promise<T> {
  while (!claim(TURN)) await sleep(LOOK_EVERY_MS);
  try {
    return await start();
  } finally {
    rmSync(TURN, { force: true });
  }
}
