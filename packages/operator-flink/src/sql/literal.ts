import {
  type BoundPlaceholder,
  type Filling,
  instantOf,
  nearestInstant,
  type Placeholder,
  placeholderText,
} from "@tidegate/operator-kit";

/** Flink reads sign and digits apart, and its digits alone are no BIGINT. */
const LEAST_BIGINT = String(-(2n ** 63n));

/** Returns a text as a Flink SQL string. Only the quote is special inside. */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quotes a name for Flink SQL. */
export function quotedName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** Returns a placeholder's value as a typed literal of Flink SQL. @param field - where it stands, for errors */
export function literalOf(
  placeholder: Exclude<Placeholder, { kind: "secret" }>,
  filling: Filling,
  field: string,
): string {
  if (placeholder.kind === "bound") return boundLiteral(placeholder, filling, field);
  return stringLiteral(placeholder.name === "runId" ? filling.request.runId : filling.request.groupId);
}

function boundLiteral(placeholder: BoundPlaceholder, filling: Filling, field: string): string {
  const text = placeholderText(placeholder, filling, field);
  switch (placeholder.format) {
    case "timestamp":
      return `TIMESTAMP '${text.includes(".") ? text : `${text}.000`}'`;
    case "date":
      return `DATE '${text}'`;
    case "timestamptz":
      // Timestamps with the local time zone have no literal.
      return `TO_TIMESTAMP_LTZ(${number(String(nearestInstant(instantOf(placeholder, filling.request, field))))}, 3)`;
    case "iso":
    case "offsets":
    case "kafkaOffsets":
      return stringLiteral(text);
    case "offset":
      return wholeLiteral(text);
    default:
      return number(text);
  }
}

/**
 * Returns a whole number as a literal of Flink SQL. A position may be beyond a BIGINT: the end behind the greatest one, or
 * the key of a wider column.
 */
export function wholeLiteral(text: string): string {
  if (text === LEAST_BIGINT) return `CAST('${text}' AS BIGINT)`;
  const isBigint = BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  return isBigint ? number(text) : `CAST('${text}' AS DECIMAL(38, 0))`;
}

/**
 * In parentheses if negative: after a minus, `--5` would be a comment. Cast, since a small number would be an
 * INT.
 */
function number(text: string): string {
  return `CAST(${text.startsWith("-") ? `(${text})` : text} AS BIGINT)`;
}
