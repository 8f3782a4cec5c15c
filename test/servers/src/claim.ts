import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Makes a file that names this process, unless one that lives has made it. What an ended process had is free again. */
export function claim(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, `${process.pid}`, { flag: "wx" });
  } catch {
    // Not taken over at once: two could do so at the same time.
    if (isAbandoned(path)) rmSync(path, { force: true });
    return false;
  }
  return true;
}

function isAbandoned(path: string): boolean {
  try {
    const owner = readFileSync(path, "utf8");
    // Just made, and not written yet.
    if (owner === "") return false;
    process.kill(Number(owner), 0);
    return false;
  } catch {
    return true;
  }
}
