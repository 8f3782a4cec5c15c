import { boundText, type Filling, sqlInstant } from "../job/bounds.js";
import { type Placeholder, placeholderText } from "../job/placeholder.js";

/** Returns a text as a Flink SQL string. Only the quote is special inside. */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quotes a name for Flink SQL. */
export function quotedName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** Returns a placeholder's value as a typed literal of Flink SQL. */
export function literalOf(placeholder: Exclude<Placeholder, { kind: "secret" }>, filling: Filling): string {
  if (placeholder.kind !== "bound") return stringLiteral(placeholderText(placeholder, filling));
  const { bound, type } = placeholder;
  const text = boundText(filling, bound, type);
  switch (type) {
    case "timestamp":
      return `TIMESTAMP '${text}'`;
    case "date":
      return `DATE '${text}'`;
    case "timestamp_ltz":
      // Timestamps with the local time zone have no literal.
      return `TO_TIMESTAMP_LTZ(${number(String(sqlInstant(filling[bound])))}, 3)`;
    default:
      return number(text);
  }
}

/**
 * In parentheses if negative: after a minus, `--5` would be a comment. Cast, since a small number would be an
 * INT.
 */
function number(text: string): string {
  return `CAST(${text.startsWith("-") ? `(${text})` : text} AS BIGINT)`;
}
