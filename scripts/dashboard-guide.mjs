// Writes docs/dashboard.md from the dashboard's help, or with --check only says whether it is up to date.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { HELP } from "../packages/dashboard/src/app/pages/help/help-text.ts";

const GUIDE = fileURLToPath(new URL("../docs/dashboard.md", import.meta.url));

/** Pictures of parts, and what they show. */
const PICTURES = {
  overview: "The overview: what needs a person, and when each group has run",
  groups: "The groups, with how far each is covered",
  group: "A group's map: which intervals have succeeded, and which have failed",
  run: "A run: why it is as it is, and its attempts",
};

const INTRODUCTION = `# The dashboard, for people who do not program

Is everything there, what is missing, why does it wait, and what can be done about it. Whoever runs Tidegate for you gives you an address that ends with
\`/dashboard/\`, and perhaps a token to sign in with. Each page has a question mark at the top right, which leads to what is said about it here.
`;

function pictureOf(id) {
  if (!Object.hasOwn(PICTURES, id)) return [];
  return [
    `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="images/${id}-dark.png">
  <img alt="${PICTURES[id]}" src="images/${id}-light.png">
</picture>`,
  ];
}

const sections = HELP.map(({ id, title, paragraphs }) =>
  [`## ${title}`, ...pictureOf(id), ...paragraphs].join("\n\n"),
);
const text = `${[INTRODUCTION.trim(), ...sections].join("\n\n")}\n`;

if (!process.argv.includes("--check")) {
  writeFileSync(GUIDE, text);
} else if (!existsSync(GUIDE) || readFileSync(GUIDE, "utf8") !== text) {
  console.error("docs/dashboard.md is not what the dashboard's help says: node scripts/dashboard-guide.mjs");
  process.exitCode = 1;
}
