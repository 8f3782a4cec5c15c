import {
  type BoundPlaceholder,
  boundsOf,
  type Filling,
  nearestInstant,
  type Placeholder,
  placeholderText,
} from "@tidegate/operator-kit";

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
      return `TO_TIMESTAMP_LTZ(${number(String(nearestInstant(instantOf(placeholder, filling))))}, 3)`;
    case "iso":
      return stringLiteral(text);
    default:
      return number(text);
  }
}

function instantOf({ bound }: BoundPlaceholder, { request }: Filling): number {
  return bound === "scheduled" ? request.scheduledTime : Number(boundsOf(request)[bound]);
}

/**
 * In parentheses if negative: after a minus, `--5` would be a comment. Cast, since a small number would be an
 * INT.
 */
function number(text: string): string {
  return `CAST(${text.startsWith("-") ? `(${text})` : text} AS BIGINT)`;
}
