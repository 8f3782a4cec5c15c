import {
  type Filling,
  hasLooseBraces,
  invalidJob,
  namesIn,
  placeholderOf,
  placeholderText,
  replaceNames,
  unknownPlaceholder,
} from "@tidegate/operator-kit";

/** Fills a text that Flink shows to whoever asks, such as a program's argument: it cannot hold secrets. */
export function fillText(text: string, filling: Filling, field: string): string {
  return replaceNames(text, (name) => {
    const placeholder = placeholderOf(name);
    return placeholder === undefined || placeholder.kind === "secret"
      ? `{{${name}}}`
      : placeholderText(placeholder, filling, field);
  });
}

/**
 * Checks the placeholders of such a text.
 *
 * @param what - in the plural, such as "a program's arguments"
 * @throws OperatorError JOB_INVALID with its field
 */
export function checkText(text: string, field: string, what: string): void {
  for (const name of namesIn(text)) {
    const placeholder = placeholderOf(name);
    if (placeholder === undefined) throw invalidJob(field, unknownPlaceholder(name));
    if (placeholder.kind === "secret") {
      throw invalidJob(field, `must not hold a secret: Flink shows ${what} to whoever asks`);
    }
  }
  if (hasLooseBraces(text)) throw invalidJob(field, "{{ without }} behind it");
}
