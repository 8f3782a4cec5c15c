import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder } from "./cache.js";

const run = promisify(execFile);

/** The user that Postgres runs as if root runs the tests, whom it refuses: `nobody` almost everywhere. */
const UNPRIVILEGED = 65_534;

/** Whom the programs of Postgres run as; empty for the user of the tests. */
export const identity: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};

/** Variables that `initdb` writes the effect of into a cluster: its language and its time zone. */
const LOCAL = [
  "LANG",
  "LC_ALL",
  "LC_COLLATE",
  "LC_CTYPE",
  "LC_MESSAGES",
  "LC_MONETARY",
  "LC_NUMERIC",
  "LC_TIME",
  "TZ",
];

/**
 * Finds the directory of an empty cluster in the cache, or puts one there. To make one takes most of a second of a processor, to
 * copy it a tenth.
 *
 * @param programs - the folder with the programs of Postgres
 */
export async function findCluster(programs: string): Promise<string> {
  const { stdout: version } = await run(join(programs, "postgres"), ["--version"]);
  const locals = LOCAL.map((name) => process.env[name] ?? "");
  const key = hash("sha256", JSON.stringify([programs, version, ...locals]), "hex").slice(0, 12);
  return cached({
    what: "an empty cluster of Postgres",
    megabytes: 39,
    folder: cacheFolder(join("postgres-clusters", key)),
    find: (folder) => [join(folder, "cluster")].find(existsSync),
    ways: [{ name: "initdb", get: (folder) => makeCluster(programs, join(folder, "cluster")) }],
    help: "Postgres itself is there.",
  });
}

/** Copies a cluster into a directory that is there, with the owners of its files. */
export async function copyCluster(cluster: string, directory: string): Promise<void> {
  await run("cp", ["-a", `${cluster}/.`, directory]);
}

/** Makes a cluster where its user may, since the cache may be closed to all but the user of the tests. */
async function makeCluster(programs: string, cluster: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-cluster-"));
  try {
    if (identity.uid !== undefined) chownSync(directory, identity.uid, identity.gid!);
    const options = ["--username", "tidegate", "--auth", "trust", "--no-sync", "--encoding", "UTF8"];
    await run(join(programs, "initdb"), ["--pgdata", directory, ...options], { cwd: directory, ...identity });
    await run("cp", ["-a", directory, cluster]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
