import type { JsonValue } from "@tidegate/core";

const CREDENTIAL = /passw|secret|token|credential|access[-_.]?key|private[-_.]?key/i;

/** Shorter values would take ordinary words out of messages. */
const SHORTEST = 4;

/** Makes a text from the cluster fit to be kept. */
export type Redact = (text: string) => string;

/**
 * Takes out the secrets, and the credentials that the job's configuration holds: connectors repeat what they were given.
 */
export function redaction(config: JsonValue, secrets: ReadonlyMap<string, string>): Redact {
  const all = [...credentialsIn(config), ...secrets.values()].filter(({ length }) => length >= SHORTEST);
  const longestFirst = all.sort((one, other) => other.length - one.length);
  return (text) => longestFirst.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

/** Where the secrets cannot be had, they cannot be taken out either. */
export const withhold: Redact = () =>
  "SeaTunnel said why, but the secrets that it might repeat cannot be had now.";

function credentialsIn(value: JsonValue, isCredential = false): string[] {
  if (typeof value === "string") return isCredential ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    credentialsIn(child, isCredential || CREDENTIAL.test(key)),
  );
}
