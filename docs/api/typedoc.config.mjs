// The API reference of all packages: from their declarations, so that a name is the same wherever it is used.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../packages", import.meta.url));

const entryPoints = readdirSync(packages).flatMap((folder) => {
  const { exports } = JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8"));
  return Object.values(exports).flatMap(({ types }) =>
    types === undefined ? [] : join(packages, folder, types),
  );
});

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "Tidegate",
  entryPoints,
  tsconfig: fileURLToPath(new URL("tsconfig.json", import.meta.url)),
  plugin: [fileURLToPath(new URL("tidegate.mjs", import.meta.url))],
  out: fileURLToPath(new URL("html", import.meta.url)),
  readme: "none",
  treatWarningsAsErrors: true,
  disableSources: true,
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  skipErrorChecking: true,
};
