#!/usr/bin/env node
import { parseArgs } from "node:util";
import { isTidegateError } from "@tidegate/core";
import { SqliteStore } from "./sqlite-store.js";

const USAGE = "usage: tidegate-store-sqlite backup <database> <destination>";

/** Copies a database whose manager is not running; a running one makes its own copy with `store.backup()`. */
async function main(args: readonly string[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  const [command, path, destination, ...rest] = positionals;
  if (command !== "backup" || path === undefined || destination === undefined || rest.length > 0) {
    console.error(USAGE);
    return 2;
  }
  const store = new SqliteStore({ path, mustExist: true });
  try {
    await store.openFile();
    await store.backup(destination);
    console.log(`${destination}: written.`);
    return 0;
  } catch (error) {
    if (!isTidegateError(error)) throw error;
    const hint = error.code === "STORE_LOCKED" ? " Its manager is running: have it call store.backup()." : "";
    console.error(`${error.code}: ${error.message}${hint}`);
    return 1;
  } finally {
    await store.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
