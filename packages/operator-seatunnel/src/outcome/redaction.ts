import type { JsonValue } from "@tidegate/core";

const CREDENTIAL = /passw|secret|token|credential|access[-_.]?key|private[-_.]?key/i;

/** Shorter values would take ordinary words out of messages. */
const SHORTEST = 4;

/** A message without the credentials that the job's configuration holds: connectors repeat what they were given. */
export function withoutCredentials(message: string, config: JsonValue): string {
  return credentialsIn(config)
    .filter(({ length }) => length >= SHORTEST)
    .sort((one, other) => other.length - one.length)
    .reduce((rest, secret) => rest.replaceAll(secret, "***"), message);
}

function credentialsIn(value: JsonValue, isCredential = false): string[] {
  if (typeof value === "string") return isCredential ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    credentialsIn(child, isCredential || CREDENTIAL.test(key)),
  );
}
