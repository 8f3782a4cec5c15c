import { identifier } from "../duckdb/quote.js";

/** Returns the condition on a value of a type, or `undefined` if no value of the type meets it. */
export type ConditionOf = (value: string, type: string) => string | undefined;

/**
 * Returns the condition that a value, or one inside of it, meets a condition on values that are not nested.
 *
 * @param type - as DuckDB spells it: `STRUCT(a INTEGER, "b c" VARCHAR[])`, `MAP(VARCHAR, INTERVAL)`
 * @param depth - how many lists the value is in, which tells their elements apart
 */
export function anyWithin(
  value: string,
  type: string,
  conditionOf: ConditionOf,
  depth = 0,
): string | undefined {
  const within = (inner: string, innerType: string): string | undefined =>
    anyWithin(inner, innerType, conditionOf, depth);
  const list = /^(.*)\[\d*\]$/s.exec(type);
  if (list !== null) {
    const element = `element_${depth}`;
    const condition = anyWithin(element, list[1]!, conditionOf, depth + 1);
    return condition && `len(list_filter(${value}::${list[1]}[], lambda ${element}: ${condition})) > 0`;
  }
  const [, kind, members = ""] = /^(STRUCT|MAP)\((.*)\)$/s.exec(type) ?? [];
  if (kind === undefined) return conditionOf(value, type);
  const parts = membersOf(members);
  const conditions =
    kind === "MAP"
      ? [within(`map_keys(${value})`, `${parts[0]}[]`), within(`map_values(${value})`, `${parts[1]}[]`)]
      : parts.map(fieldOf).map((field) => within(`${value}.${identifier(field.name)}`, field.type));
  const met = conditions.filter((condition) => condition !== undefined);
  return met.length === 0 ? undefined : `(${met.join(" OR ")})`;
}

/** A name in quotes, a parenthesis, a comma, or anything else. */
const TOKEN = /"(?:[^"]|"")*"|[(),]|[^"(),]+/g;

/** Splits the members of a type at the commas between them. */
function membersOf(text: string): readonly string[] {
  const members = [""];
  let depth = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (token === "," && depth === 0) members.push("");
    else members[members.length - 1] += token;
  }
  return members.map((member) => member.trim());
}

function fieldOf(member: string): { readonly name: string; readonly type: string } {
  const [, quoted, bare, type = ""] = /^(?:"((?:[^"]|"")*)"|(\S+)) (.*)$/s.exec(member) ?? [];
  return { name: bare ?? (quoted ?? "").replaceAll('""', '"'), type };
}
