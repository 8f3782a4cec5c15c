import { describe, expect, it } from "@jest/globals";
import { type RedisSettings, weaknessesOf } from "../src/redis/durability.js";

const SOUND: RedisSettings = {
  version: "7.2.4",
  maxmemoryPolicy: "noeviction",
  isAppendOnly: true,
  save: "",
};

describe("the settings of a Redis", () => {
  it.each<[string, Partial<RedisSettings>]>([
    ["with an append-only file", {}],
    ["with snapshots", { isAppendOnly: false, save: "3600 1" }],
    ["whose snapshots nobody may ask for", { isAppendOnly: false, save: undefined }],
    [
      "of which nothing is known",
      { version: undefined, maxmemoryPolicy: undefined, isAppendOnly: undefined },
    ],
    ["of the oldest release that does", { version: "6.2.0" }],
  ])("are sound %s", (_, settings) => {
    expect(weaknessesOf({ ...SOUND, ...settings })).toEqual([]);
  });

  it.each<[string, Partial<RedisSettings>, string]>([
    ["that evicts", { maxmemoryPolicy: "volatile-ttl" }, "set maxmemory-policy to noeviction"],
    ["that keeps nothing", { isAppendOnly: false, save: "" }, "Set appendonly to yes"],
    ["that is too old", { version: "6.0.16" }, "needs 6.2 or newer"],
  ])("are told of one %s", (_, settings, wayOut) => {
    expect(weaknessesOf({ ...SOUND, ...settings })).toEqual([expect.stringContaining(wayOut)]);
  });
});
