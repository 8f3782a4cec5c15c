import { ScheduleError } from "../errors/errors.js";
import type { JsonObject } from "../job/json.js";
import type { OffsetSource } from "../offset/offset-providers.js";
import { isOffsetVector, MAIN_PARTITION, type OffsetVector } from "../offset/offset-vector.js";
import type { ForceOptions } from "./seals.js";

/** The state in which another tool has left a source: exactly one of the four. */
export type ImportedState =
  /** The first positions to read, by partition, such as the committed offsets of a consumer group. */
  | { readonly offsets: OffsetVector }
  /** State messages of Airbyte: one of a stream, a list of them, or the older form with all streams. */
  | { readonly airbyteState: JsonObject | readonly JsonObject[] }
  /** The state of a Singer tap, with its bookmarks. */
  | { readonly singerState: JsonObject }
  /** The state of a dlt pipeline, with its incremental cursors. */
  | { readonly dltState: JsonObject };

/** A request to take over where another tool stands. */
export type OffsetImport = ImportedState &
  ForceOptions & {
    /** The stream of the state. @default that of the source's table, or the only one */
    readonly stream?: string;
    /** Why, for people, at most 2,000 characters. @default the name of the tool */
    readonly note?: string;
  };

/** The greatest value that a tool has read of a stream, and the column that it is of, if the state says so. */
interface Cursor {
  readonly stream: string;
  readonly column: string | undefined;
  readonly value: unknown;
}

/** The formats, by their fields. */
const FORMATS: Readonly<Record<string, (state: unknown, column: string | undefined) => Cursor[]>> = {
  airbyteState: airbyteCursors,
  singerState: singerCursors,
  dltState: dltCursors,
};

/**
 * Returns where reading begins behind what another tool has read. Tools keep the greatest value that they have read, and
 * positions are exclusive, so that reading begins right behind it. Pure.
 *
 * @throws ScheduleError SCHEDULE_INVALID with the field
 */
export function importedOffsets(request: OffsetImport, source: OffsetSource): OffsetVector {
  const given = ["offsets", ...Object.keys(FORMATS)].filter((field) => field in request);
  const [field] = given;
  if (field === undefined || given.length > 1) {
    const names = ["offsets", ...Object.keys(FORMATS)].join(", ");
    throw invalid("request", `must have exactly one of ${names}`);
  }
  const state = (request as unknown as JsonObject)[field];
  if (field !== "offsets") return cursorOf(FORMATS[field]!, field, state, request.stream, source);
  if (isOffsetVector(state)) return state;
  throw invalid("offsets", "must have positions by partition, all of them texts");
}

function cursorOf(
  read: (typeof FORMATS)[string],
  field: string,
  state: unknown,
  stream: string | undefined,
  { column, table }: OffsetSource,
): OffsetVector {
  const own = typeof column === "string" ? column : undefined;
  const cursors = read(state, own);
  const wanted = stream ?? (typeof table === "string" ? table.split(".").at(-1) : undefined);
  const named = cursors.filter((cursor) => cursor.stream === wanted);
  const fitting = named.length === 0 && stream === undefined ? cursors : named;
  const [only] = fitting;
  if (only === undefined || fitting.length > 1) {
    const names = cursors.map((cursor) => `"${cursor.stream}"`).join(", ") || "no stream with a cursor";
    throw invalid(only === undefined && stream === undefined ? field : "stream", `the state has ${names}`);
  }
  if (own !== undefined && only.column !== undefined && only.column !== own)
    throw invalid(field, `its cursor is the column "${only.column}", and the source is read by "${own}"`);
  return { [MAIN_PARTITION]: behind(field, only.value) };
}

function behind(field: string, value: unknown): string {
  if (typeof value === "number" && !Number.isSafeInteger(value))
    throw invalid(field, `the cursor ${value} is no exact whole number; give it as a text`);
  const text = String(value);
  if (/^-?\d{1,40}$/.test(text)) return String(BigInt(text) + 1n);
  throw invalid(
    field,
    `the cursor ${JSON.stringify(value)} is no whole number; give the first position to read as offsets`,
  );
}

/** `{ type: "STREAM", stream: { stream_descriptor, stream_state } }`, or `{ data: { streams: [{ stream_name, cursor }] } }`. */
function airbyteCursors(state: unknown, own: string | undefined): Cursor[] {
  const messages = (Array.isArray(state) ? state : [state]).map(record);
  return messages.flatMap((message) => {
    const { stream_descriptor, stream_state } = record(message.stream ?? message);
    if (stream_descriptor !== undefined) {
      const known = record(stream_state);
      const plain = own === undefined ? undefined : known[own];
      const [column] = known.cursor === undefined ? [own] : [known.cursor_field].flat();
      return cursorsOf(String(record(stream_descriptor).name), column, known.cursor ?? plain);
    }
    const { streams } = record(message.data ?? message);
    return (Array.isArray(streams) ? streams : []).map(record).flatMap((one) => {
      const [column] = [one.cursor_field].flat();
      return cursorsOf(String(one.stream_name), column, one.cursor);
    });
  });
}

/** `{ bookmarks: { <stream>: { replication_key, replication_key_value } } }`, perhaps within a message's `value`. */
function singerCursors(state: unknown, own: string | undefined): Cursor[] {
  const { bookmarks } = record(record(state).value ?? state);
  return Object.entries(record(bookmarks)).flatMap(([stream, bookmark]) => {
    const { replication_key, replication_key_value, ...rest } = record(bookmark);
    if (replication_key_value !== undefined) return cursorsOf(stream, replication_key, replication_key_value);
    return own === undefined ? [] : cursorsOf(stream, own, rest[own]);
  });
}

/** `{ sources: { <source>: { resources: { <resource>: { incremental: { <column>: { last_value } } } } } } }` */
function dltCursors(state: unknown): Cursor[] {
  return Object.values(record(record(state).sources)).flatMap((source) =>
    Object.entries(record(record(source).resources)).flatMap(([stream, resource]) =>
      Object.entries(record(record(resource).incremental)).flatMap(([column, cursor]) =>
        cursorsOf(stream, column, record(cursor).last_value),
      ),
    ),
  );
}

function cursorsOf(stream: string, column: unknown, value: unknown): Cursor[] {
  if (value === undefined || value === null || value === "") return [];
  return [{ stream, column: typeof column === "string" ? column : undefined, value }];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function invalid(field: string, problem: string): ScheduleError {
  return new ScheduleError("SCHEDULE_INVALID", `${field}: ${problem}.`, { field });
}
