import { readdirSync, readFileSync } from "node:fs";
import { extname, join, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigurationError } from "@tidegate/core";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

/** A file of a web page. */
export interface WebFile {
  readonly type: string;
  readonly body: Buffer;
  readonly zipped: Buffer;
}

/** The page that all addresses which are no files answer with. */
export const INDEX = "index.html";

/**
 * Reads the files of a folder, by their paths in it with forward slashes.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID if it has no `index.html`
 */
export function readWebFiles(directory: string): ReadonlyMap<string, WebFile> {
  const files = new Map<string, WebFile>();
  for (const path of pathsIn(directory)) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const body = readFileSync(join(directory, path));
    files.set(path.split(sep).join("/"), { type, body, zipped: gzipSync(body) });
  }
  if (files.has(INDEX)) return files;
  throw new ConfigurationError(
    "CONFIGURATION_INVALID",
    `dashboard.directory: must be a folder with an index.html, is ${JSON.stringify(directory)}.`,
    { field: "dashboard.directory" },
  );
}

function pathsIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}
