import type { JsonValue } from "@tidegate/core";
import { Redactor } from "@tidegate/rest-client";

const CREDENTIAL = /passw|secret|token|credential|access[-_.]?key|private[-_.]?key/i;

/** Redacting shorter values would remove ordinary words from messages. */
const SHORTEST = 4;

/** Makes a text from the cluster safe to keep. */
export type Redact = (text: string) => string;

/**
 * Returns a function that removes the secrets, and the credentials in the job's configuration: connectors
 * repeat what they were given.
 */
export function redaction(config: JsonValue, secrets: ReadonlyMap<string, string>): Redact {
  const redactor = new Redactor({ shortest: SHORTEST });
  for (const [index, value] of [...credentialsIn(config), ...secrets.values()].entries()) {
    redactor.remember(String(index), value);
  }
  return (text) => redactor.redact(text);
}

/** If the secrets cannot be read, they cannot be redacted either. */
export const withhold: Redact = () =>
  "SeaTunnel said why, but the secrets that it might repeat cannot be read now.";

function credentialsIn(value: JsonValue, isCredential = false): string[] {
  if (typeof value === "string") return isCredential ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    credentialsIn(child, isCredential || CREDENTIAL.test(key)),
  );
}
