import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Session, type SessionLimits } from "../duckdb/session.js";
import { remove, removeIfEmpty } from "../target/durable.js";
import type { Surroundings } from "./surroundings.js";
import type { Task } from "./task.js";
import { threadsOf } from "./threads.js";

/** Runs work with a database and a directory of a task's own. What earlier attempts left is removed first. */
export async function inSession<T>(
  task: Task,
  surroundings: Surroundings,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  await remove(task.layout.work);
  await mkdir(task.directory, { recursive: true });
  try {
    const session = await Session.open(limitsOf(task, surroundings), surroundings.signal);
    try {
      return await work(session);
    } finally {
      session.close();
    }
  } finally {
    await cleanUp(task);
  }
}

/** A job may use its own directory, wherever that is. */
function limitsOf(task: Task, { settings }: Surroundings): SessionLimits {
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
async function cleanUp({ directory, layout }: Task): Promise<void> {
  try {
    await remove(directory);
    await removeIfEmpty(layout.work);
  } catch {
    // The outcome stands either way. The next attempt at the interval removes what is left.
  }
}
