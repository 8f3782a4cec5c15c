// Makes links of a package's README and of the guides absolute while the package is packed, since npm shows a README
// without the repository around it. Runs before and after that, in the package's directory:
//   node ../../scripts/packed-readme.mjs pack|unpack
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The package whose tarball carries the guides. */
const GUIDES = "packages/core";
const GUIDES_URL = "https://unpkg.com/@tidegate/core/docs";

/** The README of the repository while another one is packed. npm never packs `node_modules`. */
const KEPT = "node_modules/.README.md";

const nameOf = (directory) => JSON.parse(readFileSync(join(ROOT, directory, "package.json"), "utf8")).name;

/**
 * Returns the address of a file of the repository for readers of npm, or `undefined` if it is not published.
 *
 * @param path - relative to the repository, such as `docs/guide.md` or `packages/manager`
 */
function published(path) {
  if (path === "README.md") return `https://www.npmjs.com/package/${nameOf(GUIDES)}`;
  const [top, ...rest] = path.split("/");
  if (top === "docs" && rest.length === 1 && path.endsWith(".md")) return `${GUIDES_URL}/${rest[0]}`;
  if (top !== "packages" || rest[0] === undefined) return undefined;
  const inside = rest.slice(1).join("/");
  if (inside !== "" && inside !== "README.md") return undefined;
  return `https://www.npmjs.com/package/${nameOf(`packages/${rest[0]}`)}`;
}

/**
 * Returns a Markdown text with absolute links; a link to a file that is not published becomes plain text.
 *
 * @param text - the Markdown
 * @param directory - where its links start, relative to the repository
 * @param isPacked - whether a file, relative to `directory`, is in the tarball beside the text
 */
export function withAbsoluteLinks(text, directory, isPacked = () => false) {
  return text.replace(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, (link, image, label, target) => {
    if (/^([a-z]+:|#)/.test(target)) return link;
    const [file, fragment] = target.split("#");
    if (isPacked(posix.normalize(file))) return link;
    const url = published(posix.join(directory, file).replace(/\/$/, ""));
    if (url === undefined) return image === "" ? label : "";
    return `${image}[${label}](${url}${fragment === undefined ? "" : `#${fragment}`})`;
  });
}

/** Returns the README of a package as npm shows it. */
export function packedReadme(directory) {
  const { files } = JSON.parse(readFileSync(join(ROOT, directory, "package.json"), "utf8"));
  const isPacked = (file) => files.some((packed) => file === packed || file.startsWith(`${packed}/`));
  return withAbsoluteLinks(readFileSync(join(ROOT, directory, "README.md"), "utf8"), directory, isPacked);
}

function pack() {
  const directory = `packages/${posix.basename(process.cwd())}`;
  unpack();
  const readme = packedReadme(directory);
  renameSync("README.md", KEPT);
  writeFileSync("README.md", readme);
  if (directory !== GUIDES) return;
  mkdirSync("docs");
  const guides = readdirSync(join(ROOT, "docs")).filter((file) => file.endsWith(".md"));
  for (const guide of guides) {
    const text = readFileSync(join(ROOT, "docs", guide), "utf8");
    writeFileSync(
      join("docs", guide),
      withAbsoluteLinks(text, "docs", (file) => guides.includes(file)),
    );
  }
}

/** Puts everything back, also if an earlier packing was killed. */
function unpack() {
  if (existsSync(KEPT)) renameSync(KEPT, "README.md");
  rmSync("docs", { recursive: true, force: true });
}

if (process.argv[2] === "pack") pack();
if (process.argv[2] === "unpack") unpack();
