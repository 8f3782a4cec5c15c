/** Longer answers are of no use in a message. */
const LONGEST = 2_000;

/** A text without a secret, for messages: DolphinScheduler may repeat what it was sent. */
export function redacted(text: string, secret: string): string {
  const clean = text.replaceAll(secret, "***");
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)} ...` : clean;
}
