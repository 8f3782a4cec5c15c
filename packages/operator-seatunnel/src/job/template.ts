import type { JsonObject, JsonValue } from "@tidegate/core";
import { invalidJob } from "./invalid-job.js";
import { type Filling, isBound, isQuoted, PLACEHOLDERS } from "./placeholders.js";
import { secretNameOf } from "./secrets.js";
import { endsWithinQuotes } from "./sql-literal.js";

const BRACES = /\{\{([^{}]*)\}\}/g;

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
  if (typeof value === "string") return namesIn(value).some(isBound);
  return typeof value === "object" && value !== null && Object.values(value).some(hasBound);
}

/** Returns the secrets that the configuration names, each once. */
export function secretNamesIn(value: JsonValue): string[] {
  if (typeof value === "string") {
    return namesIn(value).flatMap((name) => secretNameOf(name) ?? []);
  }
  if (typeof value !== "object" || value === null) return [];
  return [...new Set(Object.values(value).flatMap(secretNamesIn))];
}

/**
 * Fills in the configuration of one interval. A string that consists only of a number's placeholder becomes
 * that number.
 *
 * @throws OperatorError JOB_INVALID with the field whose value the request cannot supply
 */
export function fillTemplates<Value extends JsonValue>(value: Value, filling: Filling, field: string): Value {
  return filled(value, filling, field) as Value;
}

function filled(value: JsonValue, filling: Filling, field: string): JsonValue {
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

function filledText(text: string, filling: Filling, field: string): string | number {
  const valueFor = (name: string) => placeholderValue(name, filling, field);
  const [only] = namesIn(text);
  if (only !== undefined && text === `{{${only}}}`) return valueFor(only);
  return text.replace(BRACES, (_, name: string) => String(valueFor(name)));
}

function placeholderValue(name: string, filling: Filling, field: string): string | number {
  const secret = filling.secrets?.get(secretNameOf(name) ?? "");
  return secret ?? PLACEHOLDERS.get(name)!(filling, field);
}

function checkTemplate(text: string, field: string, secretNames: readonly string[]): void {
  for (const { 1: name = "", index } of text.matchAll(BRACES)) {
    const secret = secretNameOf(name);
    if (secret !== undefined && secretNames.includes(secret)) continue;
    if (secret !== undefined) throw invalidJob(field, `the operator has no secret "${secret}"`);
    if (!PLACEHOLDERS.has(name)) throw invalidJob(field, `{{${name}}} is unknown; there are ${knownNames()}`);
    if (isQuoted(name) && endsWithinQuotes(text.slice(0, index))) {
      throw invalidJob(field, `{{${name}}} brings its own quotes; write it without any around it`);
    }
  }
  if (text.replace(BRACES, "").includes("{{")) throw invalidJob(field, "{{ without }} behind it");
}

function namesIn(text: string): string[] {
  return Array.from(text.matchAll(BRACES), ([, name = ""]) => name);
}

function knownNames(): string {
  return [...PLACEHOLDERS.keys()].join(", ");
}
