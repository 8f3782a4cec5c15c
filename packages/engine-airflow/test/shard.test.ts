import { describe, expect, it } from "@jest/globals";
import { NameSpace } from "@tidegate/engine-kit";
import { scheduleOf, specOf } from "@tidegate/test-outside";
import { definitionOf, entryOf, stampOf } from "../src/definition.js";
import { settingsOf } from "../src/options.js";
import { changedShards, entriesOf, entryIdOf, SHARDS, shardKeyOf, shardText } from "../src/shard.js";

const SECRET = `whsec_${Buffer.alloc(32).toString("base64")}`;
const DAG_IDS = Array.from({ length: 1_000 }, (_, n) => new NameSpace("main").nameOf(`group-${n}`));

describe("shards", () => {
  it("have about as many schedules each", () => {
    const counts = new Map<string, number>();
    for (const key of DAG_IDS.map(shardKeyOf)) counts.set(key, (counts.get(key) ?? 0) + 1);
    expect(counts.size).toBe(SHARDS);
    for (const count of counts.values()) expect(count).toBeLessThan((2 * DAG_IDS.length) / SHARDS);
  });

  it("have keys in which nothing of a prefix looks like a secret's name", () => {
    const key = shardKeyOf(new NameSpace("api-token-password").nameOf("orders"));
    expect(key).toMatch(/^tidegate\.[0-9a-f]{12}\.shard\.(0[0-9]|1[0-5])$/);
    expect(key.slice(0, -2)).not.toBe(shardKeyOf(new NameSpace("main").nameOf("orders")).slice(0, -2));
  });

  it("keep what a change does not name, and are left alone where it changes nothing", () => {
    const [first = "", ...others] = DAG_IDS;
    const neighbour = others.find((dagId) => shardKeyOf(dagId) === shardKeyOf(first))!;
    const before = changedShards(new Map(), new Map([[first, "a"]]));
    expect(changedShards(before, new Map([[first, "a"]])).size).toBe(0);
    expect(changedShards(before, new Map([[neighbour, null]])).size).toBe(0);
    const after = changedShards(before, new Map([[neighbour, "b"]]));
    const entries = [entryIdOf(first), entryIdOf(neighbour)].map((id, n) => [id, "ab"[n]]);
    expect([...after]).toEqual([[shardKeyOf(first), new Map(entries as [string, string][])]]);
    expect(changedShards(after, new Map([[first, null]])).get(shardKeyOf(first))?.size).toBe(1);
    expect(before.get(shardKeyOf(first))?.size).toBe(1);
  });

  it("come back as they were written, and tell where they were edited by hand", () => {
    const entries = new Map([["0123456789abcdef", "an entry"]]);
    expect(entriesOf(shardText(entries))).toEqual(entries);
    expect(entriesOf('{"0123456789abcdef": "an entry", "b": 1}')).toEqual(entries);
    for (const value of ["", "{no JSON", "[]", "null", '"text"', "1"])
      expect(entriesOf(value)).toBeUndefined();
  });
});

describe("an entry", () => {
  const settings = settingsOf({
    url: "http://airflow",
    token: "none",
    callback: { url: "http://door", secret: SECRET },
  });
  const spec = specOf({ trigger: { type: "period", every: 1, unit: "hour" } });
  const definition = definitionOf(scheduleOf("\ud800 orders", spec, 7), settings, 0);

  it("has the stamp of its definition, and none where anything of it was edited", () => {
    const text = Buffer.from(entryOf(definition), "base64").toString();
    expect(stampOf(entryOf(definition))).toBe(definition.stamp);
    const edited = (from: string, to: string) => Buffer.from(text.replace(from, to)).toString("base64");
    expect(stampOf(edited("orders", "others"))).toBeUndefined();
    expect(stampOf(edited("{", "{ "))).toBeUndefined();
    for (const entry of ["", "***", "no base64!"]) expect(stampOf(entry)).toBeUndefined();
  });
});
