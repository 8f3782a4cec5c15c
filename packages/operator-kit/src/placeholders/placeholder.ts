import { SECRET_NAME } from "../secrets.js";

/** Formats of an instant. */
export const TIME_FORMATS = [
  "timestamp",
  "timestamptz",
  "iso",
  "date",
  "year",
  "month",
  "day",
  "hour",
  "minute",
  "epochMs",
  "unsignedMs",
  "epochS",
] as const;

/**
 * A format of the positions of a source: the whole number of a source with a single partition; the positions by partition
 * as canonical JSON; or the offsets of a topic's partitions, as Flink's Kafka connector takes them.
 */
export type PositionFormat = "offset" | "offsets" | "kafkaOffsets";

const POSITION_FORMATS = ["offset", "offsets", "kafkaOffsets"] as const satisfies readonly PositionFormat[];

/** Formats of a bound: those of an instant, or of positions. */
export type BoundFormat = (typeof TIME_FORMATS)[number] | PositionFormat;

/** A bound of the interval, or the scheduled time. */
export interface BoundPlaceholder {
  readonly kind: "bound";
  readonly bound: "lower" | "upper" | "scheduled";
  readonly format: BoundFormat;
}

/** Meaning of a name in double braces. `groupId.sql` is the group's id as a SQL string, quotes included. */
export type Placeholder =
  | BoundPlaceholder
  | { readonly kind: "run"; readonly name: "groupId" | "groupId.sql" | "runId" }
  | { readonly kind: "secret"; readonly name: string };

const SECRET = "secret.";

const RUN_NAMES = ["groupId", "groupId.sql", "runId"] as const;

const NAMES: ReadonlyMap<string, Placeholder> = new Map(
  [
    ...(["lower", "upper", "scheduled"] as const).flatMap((bound) =>
      TIME_FORMATS.map((format): Placeholder => ({ kind: "bound", bound, format })),
    ),
    ...(["lower", "upper"] as const).flatMap((bound) =>
      POSITION_FORMATS.map((format): Placeholder => ({ kind: "bound", bound, format })),
    ),
    ...RUN_NAMES.map((name): Placeholder => ({ kind: "run", name })),
  ].map((placeholder) => [nameOf(placeholder), placeholder]),
);

/** Returns the placeholder of a name such as `lower.timestamp`; `undefined` if there is none. */
export function placeholderOf(name: string): Placeholder | undefined {
  if (!name.startsWith(SECRET)) return NAMES.get(name);
  const secret = name.slice(SECRET.length);
  return SECRET_NAME.test(secret) ? { kind: "secret", name: secret } : undefined;
}

/** Returns whether a placeholder's value depends on the interval. */
export function isBound(placeholder: Placeholder | undefined): placeholder is BoundPlaceholder {
  return placeholder?.kind === "bound";
}

/** Returns whether a format is one of positions. */
export function isPositionFormat(format: BoundFormat): format is PositionFormat {
  return (POSITION_FORMATS as readonly string[]).includes(format);
}

/** Returns the name of a placeholder, as it stands between the braces. */
export function nameOf(placeholder: Placeholder): string {
  switch (placeholder.kind) {
    case "bound":
      return `${placeholder.bound}.${placeholder.format}`;
    case "run":
      return placeholder.name;
    case "secret":
      return SECRET + placeholder.name;
  }
}

/** Returns what is wrong with a name between braces. */
export function unknownPlaceholder(name: string): string {
  return `{{${name}}} is unknown; there are ${knownPlaceholders()}`;
}

/** Returns the names of all placeholders, for messages. */
export function knownPlaceholders(): string {
  return `${[...NAMES.keys()].join(", ")}, and ${SECRET}…`;
}
