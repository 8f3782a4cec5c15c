import { createHash } from "node:crypto";
import { createReadStream, realpathSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { invalidJob } from "@tidegate/operator-kit";
import { LRUCache } from "lru-cache";
import type { JobManager } from "../rest/job-manager.js";

/** How many versions of jars are remembered, so that none is read twice. */
const MAX_DIGESTS = 1_000;

/** Jars uploaded from this machine's disk to Flink, each content once. */
export class JarLibrary {
  readonly #jobManager: JobManager;
  readonly #folders: readonly string[];
  /** By path, size and modification time. */
  readonly #digests = new LRUCache<string, Promise<string>>({ max: MAX_DIGESTS });
  /** By digest. */
  readonly #uploads = new Map<string, Promise<string>>();

  /** @param folders - real paths; jars outside them are refused */
  constructor(jobManager: JobManager, folders: readonly string[]) {
    this.#jobManager = jobManager;
    this.#folders = folders;
  }

  /**
   * Returns the real path of a jar.
   *
   * @throws OperatorError JOB_INVALID for a file that does not exist or lies outside the folders, including
   * by a link
   */
  locate(path: string): string {
    const field = "job.jar.path";
    let real: string;
    try {
      real = realpathSync(path);
    } catch {
      throw invalidJob(field, `there is no file ${path}`);
    }
    if (!this.#folders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep))) {
      throw invalidJob(
        field,
        `${path} lies outside the folders that the operator allows (option jarFolders)`,
      );
    }
    if (!real.endsWith(".jar") || !statSync(real).isFile()) throw invalidJob(field, `${path} is not a jar`);
    return real;
  }

  /**
   * Returns the id under which Flink has a jar's content, uploading it if necessary. Its name on Flink
   * carries the SHA-256, so that it is found there after a restart and by other managers.
   *
   * @throws NoAnswer
   * @throws Refused
   */
  async idOf(path: string): Promise<string> {
    const real = this.locate(path);
    const digest = await this.#digestOf(real);
    const suffix = `-${digest}.jar`;
    for (const [name, id] of await this.#jobManager.jars()) if (name.endsWith(suffix)) return id;
    const upload = this.#uploads.get(digest) ?? this.#jobManager.upload(real, plainName(real) + suffix);
    this.#uploads.set(digest, upload);
    try {
      return await upload;
    } finally {
      this.#uploads.delete(digest);
    }
  }

  async #digestOf(real: string): Promise<string> {
    const { size, mtimeMs } = await stat(real);
    const version = `${real}|${size}|${mtimeMs}`;
    const digest = this.#digests.get(version) ?? sha256Of(real);
    this.#digests.set(version, digest);
    digest.catch(() => this.#digests.delete(version));
    return digest;
  }
}

async function sha256Of(real: string): Promise<string> {
  const sha256 = createHash("sha256");
  await pipeline(createReadStream(real), sha256);
  return sha256.digest("hex");
}

/** Readable name for Flink's list of jars. */
function plainName(real: string): string {
  return basename(real, ".jar")
    .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
    .slice(0, 80);
}
