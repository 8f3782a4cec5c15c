import { CommandError } from "../exit-code.js";

/** Returns labels that are given as `name=value`. @throws CommandError if one is not */
export function labelsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(texts.map(labelOf));
}

function labelOf(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError(`--label: must be name=value, not ${text}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
