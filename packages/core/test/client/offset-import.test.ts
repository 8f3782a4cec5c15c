import { describe, expect, it } from "@jest/globals";
import { importedOffsets, type OffsetImport } from "../../src/client/offset-import.js";
import type { JsonObject } from "../../src/job/json.js";

const source = { type: "sql-cursor", table: "sales.orders", column: "id" };

const airbyte = (name: string, state: JsonObject): JsonObject => ({
  type: "STREAM",
  stream: { stream_descriptor: { name, namespace: "sales" }, stream_state: state },
});

describe("the state of another tool", () => {
  it.each<[string, OffsetImport, string]>([
    [
      "Airbyte's of a stream",
      { airbyteState: airbyte("orders", { cursor: "120", cursor_field: ["id"] }) },
      "121",
    ],
    [
      "Airbyte's of several",
      { airbyteState: [airbyte("users", { cursor: "7" }), airbyte("orders", { id: 120 })] },
      "121",
    ],
    [
      "Airbyte's older form",
      {
        airbyteState: { data: { streams: [{ stream_name: "orders", cursor: "120", cursor_field: ["id"] }] } },
      },
      "121",
    ],
    [
      "Singer's",
      { singerState: { bookmarks: { orders: { replication_key: "id", replication_key_value: 120 } } } },
      "121",
    ],
    [
      "Singer's in a message",
      { singerState: { type: "STATE", value: { bookmarks: { orders: { id: "9007199254740993" } } } } },
      "9007199254740994",
    ],
    [
      "dlt's",
      {
        dltState: {
          sources: { shop: { resources: { orders: { incremental: { id: { last_value: -5 } } } } } },
        },
      },
      "-4",
    ],
    [
      "one of the only stream, whatever its name",
      { singerState: { bookmarks: { "public-orders": { replication_key_value: 120 } } } },
      "121",
    ],
  ])("says what was read last: %s", (_, request, position) => {
    expect(importedOffsets(request, source)).toEqual({ main: position });
  });

  it("may be positions, which are the first to read", () => {
    const offsets = { "0": "12", "1": "7" };
    expect(importedOffsets({ offsets }, { type: "kafka", topic: "orders" })).toEqual(offsets);
  });

  it.each<[string, OffsetImport, string, RegExp]>([
    ["none", {} as OffsetImport, "request", /exactly one of offsets, airbyteState, singerState, dltState/],
    ["two", { offsets: {}, dltState: {} }, "request", /exactly one/],
    ["numbers", { offsets: { "0": 12 } as never }, "offsets", /texts/],
    ["no cursor", { singerState: {} }, "singerState", /no stream with a cursor/],
    [
      "another stream",
      { singerState: { bookmarks: { users: { id: 1 } } }, stream: "orders" },
      "stream",
      /the state has "users"/,
    ],
    [
      "streams of which none is the table's",
      { singerState: { bookmarks: { users: { id: 1 }, items: { id: 2 } } } },
      "stream",
      /the state has "users", "items"/,
    ],
    [
      "another column",
      { singerState: { bookmarks: { orders: { replication_key: "updated_at", replication_key_value: 1 } } } },
      "singerState",
      /"updated_at".*"id"/,
    ],
    [
      "a time",
      { airbyteState: airbyte("orders", { cursor: "2026-01-01T00:00:00Z" }) },
      "airbyteState",
      /"2026-01-01T00:00:00Z" is no whole number/,
    ],
    [
      "a number that JSON has rounded",
      { singerState: { bookmarks: { orders: { id: 2 ** 60 } } } },
      "singerState",
      /give it as a text/,
    ],
  ])("is refused if it has %s", (_, request, field, message) => {
    let error: unknown;
    try {
      importedOffsets(request, source);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "SCHEDULE_INVALID", field, message: expect.stringMatching(message) });
  });
});
