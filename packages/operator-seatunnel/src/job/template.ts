import type { JsonObject, JsonValue } from "@tidegate/core";
import {
  type BoundPlaceholder,
  BRACES,
  type Filling,
  hasLooseBraces,
  invalidJob,
  isBound,
  namesIn,
  type Placeholder,
  placeholderOf,
  placeholderText,
  replaceNames,
  unknownPlaceholder,
} from "@tidegate/operator-kit";
import { endsWithinQuotes } from "./sql-quotes.js";

/** Values for a configuration. */
export interface ConfigFilling extends Filling {
  /** By name. @default none */
  readonly secrets?: ReadonlyMap<string, string>;
}

/** Nothing in it ends a literal, leaves a directory, or is special to a shell or a SQL dialect. */
const PLAIN = /^(?!\.+$)[A-Za-z0-9_.:-]+$/;

/** Formats of numbers, which JSON can hold exactly. */
const NUMBERS: ReadonlySet<string> = new Set(["epochMs", "unsignedMs", "epochS"]);

/**
 * Checks every placeholder of a configuration.
 *
 * @param field - where the configuration stands, such as `job.sink`
 * @param secretNames - the existing secrets
 * @throws OperatorError JOB_INVALID with the field of the first that is unknown or misplaced
 */
export function checkTemplates(value: JsonValue, field: string, secretNames: readonly string[] = []): void {
  if (typeof value === "string") checkTemplate(value, field, secretNames);
  else if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      if (key.includes("{{")) throw invalidJob(`${field}.${key}`, "a name may not have placeholders");
      checkTemplates(child, `${field}.${key}`, secretNames);
    }
  }
}

/** Returns whether any of the configuration's strings depends on the interval. */
export function hasBound(value: JsonValue): boolean {
  return boundsIn(value).length > 0;
}

/** Returns the bounds that the configuration's strings name. */
export function boundsIn(value: JsonValue): BoundPlaceholder[] {
  return textsIn(value).flatMap(namesIn).map(placeholderOf).filter(isBound);
}

/** Returns the configuration's strings. */
export function textsIn(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Returns the secrets that the configuration names, each once. */
export function secretNamesIn(value: JsonValue): string[] {
  const names = textsIn(value)
    .flatMap(namesIn)
    .flatMap((name) => {
      const placeholder = placeholderOf(name);
      return placeholder?.kind === "secret" ? [placeholder.name] : [];
    });
  return [...new Set(names)];
}

/**
 * Fills in the configuration of one interval. A string that consists only of a number's placeholder becomes
 * that number.
 *
 * @throws OperatorError JOB_INVALID with the field whose value the request cannot supply
 */
export function fillTemplates<Value extends JsonValue>(
  value: Value,
  filling: ConfigFilling,
  field: string,
): Value {
  return filled(value, filling, field) as Value;
}

function filled(value: JsonValue, filling: ConfigFilling, field: string): JsonValue {
  if (typeof value === "string") return filledText(value, filling, field);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((child, index) => filled(child, filling, `${field}.${index}`));
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, child]) => [
      key,
      filled(child, filling, `${field}.${key}`),
    ]),
  );
}

function filledText(text: string, filling: ConfigFilling, field: string): string | number {
  const whole = replaceNames(text, (name) => textOf(placeholderOf(name)!, filling, field));
  const [only = ""] = namesIn(text);
  const placeholder = placeholderOf(only);
  const isNumber = text === `{{${only}}}` && isBound(placeholder) && NUMBERS.has(placeholder.format);
  return isNumber ? Number(whole) : whole;
}

function textOf(placeholder: Placeholder, filling: ConfigFilling, field: string): string {
  if (placeholder.kind === "secret") return filling.secrets?.get(placeholder.name) ?? "";
  const text = placeholderText(placeholder, filling, field);
  if (placeholder.kind === "bound" && placeholder.format === "offsets" && /['`\\]/.test(text))
    throw invalidJob(field, "the positions have characters that cannot stand here as they are");
  if (placeholder.kind !== "run" || placeholder.name === "groupId.sql" || PLAIN.test(text)) return text;
  throw invalidJob(field, `the ${placeholder.name} has characters that cannot stand here as they are`);
}

function checkTemplate(text: string, field: string, secretNames: readonly string[]): void {
  for (const { 1: name = "", index } of text.matchAll(BRACES)) {
    const placeholder = placeholderOf(name);
    if (placeholder === undefined) throw invalidJob(field, unknownPlaceholder(name));
    if (placeholder.kind === "secret" && !secretNames.includes(placeholder.name)) {
      throw invalidJob(field, `the operator has no secret "${placeholder.name}"`);
    }
    if (name === "groupId.sql" && endsWithinQuotes(text.slice(0, index))) {
      throw invalidJob(field, `{{${name}}} brings its own quotes; write it without any around it`);
    }
  }
  if (hasLooseBraces(text)) throw invalidJob(field, "{{ without }} behind it");
}
