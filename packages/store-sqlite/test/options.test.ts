import { describe, expect, it } from "@jest/globals";
import { type SqliteStoreOptions, sqliteStore } from "../src/index.js";

describe("the options of the SQLite store", () => {
  it.each([
    ["a path instead of options", "tidegate.db", "", 'must be options, such as { path: "tidegate.db" }'],
    ["nothing", undefined, "", "must be options"],
    ["no path", {}, "path", "must be the path of the database file"],
    ["another word for a choice", { path: "x.db", synchronous: "fast" }, "synchronous", '"full"|"normal"'],
    [
      "no number of bytes",
      { path: "x.db", cacheBytes: Number.NaN },
      "cacheBytes",
      "must be a whole number from 1",
    ],
    ["a name that does not exist", { path: "x.db", cache: 1 }, "", "cache"],
  ])("are refused with %s", (_, options, field, message) => {
    expect(() => sqliteStore(options as unknown as SqliteStoreOptions)).toThrow(
      expect.objectContaining({
        code: "CONFIGURATION_INVALID",
        field,
        message: expect.stringContaining(message),
      }),
    );
  });
});
