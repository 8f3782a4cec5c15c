import { type Definition, isObject } from "./definition.js";

/** Texts that YAML takes for something else, or that another reader of YAML may. */
const WORDS = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

/** Texts that need no quotes anywhere in YAML. */
const PLAIN = /^[A-Za-z_][\w./-]*( [\w./-]+)*$/;

/** Characters that only quotes can hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNPRINTED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

/** Returns a definition as the YAML that `tidegate apply` reads. */
export function yamlOf(definition: Definition): string {
  return yamlLines(definition, "").join("\n");
}

function yamlLines(value: object, indent: string): string[] {
  const entries = Array.isArray(value)
    ? value.map((each) => ["-", each] as const)
    : Object.entries(value).map(([name, each]) => [`${yamlText(name)}:`, each] as const);
  return entries.flatMap(([key, each]) => yamlEntry(key, each, indent));
}

function yamlEntry(key: string, value: unknown, indent: string): string[] {
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    const lines = yamlLines(value, `${indent}  `);
    // The first line of an entry of a list stands behind its dash.
    if (key === "-") return [`${indent}- ${lines[0]!.trimStart()}`, ...lines.slice(1)];
    return [`${indent}${key}`, ...lines];
  }
  if (typeof value === "string" && isBlock(value)) {
    return [
      `${indent}${key} |-`,
      ...value.split("\n").map((line) => (line === "" ? "" : `${indent}  ${line}`)),
    ];
  }
  return [`${indent}${key} ${typeof value === "string" ? yamlText(value) : JSON.stringify(value)}`];
}

function yamlText(text: string): string {
  return PLAIN.test(text) && !WORDS.test(text) ? text : JSON.stringify(text);
}

/** Whether a text can be shown line by line, as it is. */
function isBlock(text: string): boolean {
  return text.includes("\n") && !/^\s|\n$/.test(text) && !UNPRINTED.test(text);
}

/** Returns the command that registers a definition. @param url - the manager's, without a slash at its end */
export function curlOf(definition: Definition, url: string, hasToken: boolean): string {
  const address = `${url}/schedules/${encodeURIComponent(String(definition.groupId ?? ""))}`;
  return [
    `curl -X PUT ${shellText(address)} \\`,
    "  -H 'content-type: application/json' \\",
    ...(hasToken ? [`  -H "authorization: Bearer $TIDEGATE_TOKEN" \\`] : []),
    `  --data-binary ${shellText(JSON.stringify(definition, null, 2))}`,
  ].join("\n");
}

function shellText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Returns the program that registers a definition. */
export function typescriptOf(definition: Definition, url: string, hasToken: boolean): string {
  const token = hasToken ? ", token: process.env.TIDEGATE_TOKEN!" : "";
  return [
    'import { ManagerClient } from "@tidegate/client";',
    "",
    `const client = new ManagerClient({ url: ${JSON.stringify(url)}${token} });`,
    `await client.ensure(${literal(definition, "")});`,
  ].join("\n");
}

function literal(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each !== "object")) return JSON.stringify(value);
    return `[\n${value.map((each) => `${inner}${literal(each, inner)},\n`).join("")}${indent}]`;
  }
  if (!isObject(value) || Object.keys(value).length === 0) return "{}";
  const fields = Object.entries(value).map(
    ([name, each]) => `${inner}${keyOf(name)}: ${literal(each, inner)},\n`,
  );
  return `{\n${fields.join("")}${indent}}`;
}

function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
