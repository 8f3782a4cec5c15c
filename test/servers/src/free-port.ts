import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claim } from "./claim.js";

/** Below those that systems give to outgoing connections, one of which could have taken the port before it is used. */
const FIRST = 15_000;
const END = 30_000;

const MOST_TRIES = 100;

/**
 * Has a file for each port that has been given away, with the process that has it: until its server listens, and between
 * its restarts, nobody else may take it. What an ended process had is free again.
 */
const CLAIMS = join(tmpdir(), "tidegate-ports");

/** A port of the loopback that nobody listens on, and that no other test has been given. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(FIRST, END);
    if (claim(join(CLAIMS, `${port}`)) && (await isFree(port))) return port;
  }
  throw new Error(`None of ${MOST_TRIES} ports from ${FIRST} to ${END} is free.`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
