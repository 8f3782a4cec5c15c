import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Session, type SessionLimits } from "../duckdb/session.js";
import { databaseName } from "../postgres/connections.js";
import { remove, removeIfEmpty } from "../target/durable.js";
import { safeName } from "../target/layout.js";
import type { Surroundings } from "./surroundings.js";
import type { RunningTask, Task } from "./task.js";
import { threadsOf } from "./threads.js";

/** Runs work with a database and a directory of a task's own. What earlier attempts left is removed first. */
export async function inSession<T>(
  task: Task,
  surroundings: Surroundings,
  work: (session: Session, running: RunningTask) => Promise<T>,
): Promise<T> {
  const folder = await folderOf(task, surroundings);
  await remove(folder);
  // An attempt that was taken for dead may go on: it must neither find its successor's files nor be found.
  const directory = join(folder, `${safeName(task.runId)}-${task.attempt}-${randomUUID().slice(0, 8)}`);
  await mkdir(directory, { recursive: true });
  try {
    const running = { ...task, directory };
    const session = await Session.open(limitsOf(running, surroundings), surroundings.signal);
    try {
      return await work(session, running);
    } finally {
      session.close();
    }
  } finally {
    await cleanUp(directory, folder, task);
  }
}

/**
 * Returns the folder of all attempts at an interval. Jobs for a table work beside others of this machine whose connection,
 * table and group are called the same, but whose database is another one.
 */
async function folderOf(
  { job: { target }, layout }: Task,
  { connections, signal }: Surroundings,
): Promise<string> {
  if (target.format !== "postgres") return layout.work;
  return join(layout.work, databaseName(await connections(target.connection, signal)));
}

/** A job may use its own directory, wherever that is. */
function limitsOf(task: RunningTask, { settings }: Surroundings): SessionLimits {
  const { directory } = task;
  const { allowedDirectories } = settings;
  return {
    ...settings,
    threads: threadsOf(task, settings, availableParallelism()),
    spillDirectory: directory,
    allowedDirectories: allowedDirectories && [...allowedDirectories, directory],
  };
}

/** Removes only what this attempt made: a successor that took it for dead may be working beside it. */
async function cleanUp(directory: string, folder: string, { layout }: Task): Promise<void> {
  try {
    await remove(directory);
    await removeIfEmpty(folder);
    await removeIfEmpty(layout.work);
  } catch {
    // The outcome stands either way. The next attempt at the interval removes what is left.
  }
}
