/** Longer answers are of no use in a message. */
const LONGEST = 2_000;

/** A text without any of the secrets, for messages: Airflow may repeat what it was sent. */
export function redacted(text: string, secrets: readonly string[]): string {
  const clean = secrets
    .filter((secret) => secret !== "")
    .reduce((cut, secret) => cut.replaceAll(secret, "***"), text);
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)} ...` : clean;
}
