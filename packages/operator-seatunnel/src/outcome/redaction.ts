import type { JsonValue } from "@tidegate/core";
import { Redactor } from "@tidegate/rest-client";

const CREDENTIAL = /passw|secret|token|credential|access[-_.]?key|private[-_.]?key/i;

/** Shorter values would take ordinary words out of messages. */
const SHORTEST = 4;

/** Makes a text from the cluster fit to be kept. */
export type Redact = (text: string) => string;

/**
 * Takes out the secrets, and the credentials that the job's configuration holds: connectors repeat what they were given.
 */
export function redaction(config: JsonValue, secrets: ReadonlyMap<string, string>): Redact {
  const redactor = new Redactor({ shortest: SHORTEST });
  for (const [index, value] of [...credentialsIn(config), ...secrets.values()].entries()) {
    redactor.remember(String(index), value);
  }
  return (text) => redactor.redact(text);
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
