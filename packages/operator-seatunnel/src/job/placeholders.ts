import type { OfflineJobRequest } from "@tidegate/core";
import { invalidJob } from "./invalid-job.js";
import { sqlLiteral } from "./sql-literal.js";
import { dateText, epochSeconds, timestampText, zonedTimestampText } from "./time-text.js";

/** Values for placeholders. */
export interface Filling {
  readonly request: OfflineJobRequest;
  readonly timeZone: string;
  /** By name. @default none */
  readonly secrets?: ReadonlyMap<string, string>;
}

/** Returns the value of one placeholder. @param field - where it stands, for errors */
export type Placeholder = (filling: Filling, field: string) => string | number;

/** The range of ECMAScript's instants. */
const MAX_EPOCH_MS = 8_640_000_000_000_000;

/** Nothing in it ends a literal, leaves a directory, or is special to a shell or a SQL dialect. */
const PLAIN = /^(?!\.+$)[A-Za-z0-9_.:-]+$/;

type Instant = "lower" | "upper" | "scheduled";

const FORMATS = {
  timestamp: timestampText,
  timestamptz: zonedTimestampText,
  date: dateText,
  epochMs: (at: number) => at,
  epochS: epochSeconds,
} satisfies Record<string, (at: number, timeZone: string) => string | number>;

/** All placeholders by name, such as `lower.timestamp`. */
export const PLACEHOLDERS: ReadonlyMap<string, Placeholder> = new Map<string, Placeholder>([
  ...(["lower", "upper", "scheduled"] as const).flatMap(ofInstant),
  ["lower.offset", ({ request }, field) => offsetOf("lower", request, field)],
  ["upper.offset", ({ request }, field) => offsetOf("upper", request, field)],
  ["groupId", ({ request }, field) => plain("groupId", request.groupId, field)],
  ["groupId.sql", ({ request }, field) => literal(request.groupId, field)],
  ["runId", ({ request }, field) => plain("runId", request.runId, field)],
]);

/** Returns whether a placeholder's value depends on the interval. */
export function isBound(name: string): boolean {
  return /^(lower|upper|scheduled)\./.test(name);
}

/** Returns whether a placeholder's value includes its own quotes. */
export function isQuoted(name: string): boolean {
  return name === "groupId.sql";
}

function ofInstant(instant: Instant): [string, Placeholder][] {
  return Object.entries(FORMATS).map(([format, text]) => [
    `${instant}.${format}`,
    ({ request, timeZone }, field) => text(instantOf(instant, request, field), timeZone),
  ]);
}

function instantOf(instant: Instant, request: OfflineJobRequest, field: string): number {
  if (instant === "scheduled") return requireInstant(String(request.scheduledTime), field);
  if (request.boundaryType !== "time") {
    throw invalidJob(field, `{{${instant}.offset}} is what an interval of offsets has, not a time`);
  }
  return requireInstant(bound(instant, request), field);
}

function requireInstant(text: string, field: string): number {
  const at = Number(text);
  if (/^-?\d{1,16}$/.test(text) && Math.abs(at) <= MAX_EPOCH_MS) return at;
  throw invalidJob(field, "the bound is not an instant in epoch ms");
}

function offsetOf(side: "lower" | "upper", request: OfflineJobRequest, field: string): string {
  const text = bound(side, request);
  if (request.boundaryType === "offset" && /^-?\d{1,40}$/.test(text)) return text;
  throw invalidJob(field, "the bound is not an offset");
}

function bound(side: "lower" | "upper", request: OfflineJobRequest): string {
  return side === "lower" ? request.lowerBoundary : request.upperBoundary;
}

function plain(name: string, value: string, field: string): string {
  if (PLAIN.test(value)) return value;
  throw invalidJob(field, `the ${name} has characters that cannot stand here as they are`);
}

function literal(value: string, field: string): string {
  const text = sqlLiteral(value);
  if (text !== undefined) return text;
  throw invalidJob(field, "the groupId has characters that SQL dialects read in different ways");
}
