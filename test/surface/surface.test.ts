import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "@jest/globals";

const packages = join(dirname(fileURLToPath(import.meta.url)), "../../packages");

interface EntryPoint {
  /** As a user imports it. */
  readonly specifier: string;
  /** The source file. */
  readonly source: string;
  /** The built file that a user loads. */
  readonly built: string;
}

interface PackageManifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

function entryPoints(): EntryPoint[] {
  return readdirSync(packages).flatMap((folder) => {
    const root = join(packages, folder);
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as PackageManifest;
    return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
      if (typeof target === "string") return [];
      const file = relative("dist", target.default);
      return [
        {
          specifier: join(manifest.name, subpath),
          source: join(root, "src", file.replace(/\.js$/, ".ts")),
          built: join(root, "dist", file),
        },
      ];
    });
  });
}

const EXPORT = /^export (type )?\{([^}]*)\} from "[^"]+";$/gm;
const COMMENT = /\/\*\*[\s\S]*?\*\/|\/\/.*/g;
const SIDE_EFFECT = 'import "reflect-metadata";';

/** Returns the names that an entry point exports, types with the word `type`; refuses everything but named exports. */
function namesOf(source: string): string[] {
  const code = readFileSync(source, "utf8").replace(COMMENT, "").replace(SIDE_EFFECT, "");
  expect(code.replace(EXPORT, "").trim()).toBe("");
  return [...code.matchAll(EXPORT)]
    .flatMap(([, isType = "", list = ""]) =>
      list
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
        .map((name) => `${isType}${name}`),
    )
    .sort((a, b) => (bare(a) < bare(b) ? -1 : 1));
}

const bare = (name: string): string => name.replace(/^type /, "");

describe("the public surface: each name is a decision", () => {
  it.each(entryPoints().map((entry) => [entry.specifier, entry] as const))(
    "of %s is as recorded",
    async (_, { source, built }) => {
      const names = namesOf(source);
      expect(names.join("\n")).toMatchSnapshot();
      const module = (await import(pathToFileURL(built).href)) as object;
      expect(Object.keys(module)).toEqual(names.filter((name) => !name.startsWith("type ")));
    },
  );

  it("gives each of core's names one room", () => {
    const rooms = entryPoints()
      .filter(({ specifier }) => specifier.startsWith("@tidegate/core"))
      .flatMap(({ source }) => namesOf(source));
    expect(rooms).toEqual([...new Set(rooms)]);
  });
});
