import { describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { readSecret, readSecrets, secretsSchema } from "../src/index.js";

const UNREADABLE = {
  name: "OperatorError",
  code: "CONFIGURATION_INVALID",
  field: "secrets",
  message: 'The secret "db" cannot be read.',
};

describe("a secret", () => {
  it("is a text, or is fetched at each use", async () => {
    let version = 0;
    const rotated = () => `v${++version}`;
    expect(await readSecret("db", "plain")).toBe("plain");
    expect([await readSecret("db", rotated), await readSecret("db", rotated)]).toEqual(["v1", "v2"]);
  });

  it.each<[string, Parameters<typeof readSecret>[1]]>([
    ["is missing", undefined],
    ["is empty", ""],
    ["comes out empty", () => ""],
    ["is no text", (() => 7) as unknown as () => string],
  ])("that %s is reported by its name alone", async (_, secret) => {
    await expect(readSecret("db", secret)).rejects.toMatchObject(UNREADABLE);
  });

  it("whose vault fails is reported with the system's code, and nothing that the vault said", async () => {
    const failing = async () => {
      throw Object.assign(new Error("no such file: hunter2"), { code: "ENOENT" });
    };
    const refusal = await readSecret("db", failing).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ ...UNREADABLE, message: 'The secret "db" cannot be read (ENOENT).' });
    expect(refusal).not.toHaveProperty("cause");
  });

  it("passes an error of Tidegate's on, and ends with its signal", async () => {
    const own = new OperatorError("SECRET_NOT_ALLOWED", "no");
    await expect(readSecret("db", () => Promise.reject(own))).rejects.toBe(own);
    const abort = new AbortController();
    const reading = readSecret("db", () => new Promise(() => undefined), abort.signal);
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

describe("secrets by name", () => {
  it("are each read once, and not from an object's prototype", async () => {
    let reads = 0;
    const db = () => {
      reads += 1;
      return "value";
    };
    expect(await readSecrets(["db", "db"], { db })).toEqual(new Map([["db", "value"]]));
    expect(reads).toBe(1);
    await expect(readSecrets(["toString"], {})).rejects.toMatchObject({ code: "CONFIGURATION_INVALID" });
  });

  it.each([
    [{ "two words": "x" }, "two words"],
    [{ db: 1 }, "db"],
  ])("as the option %j are refused for %s", (given, name) => {
    expect(secretsSchema.safeParse(given).error?.issues[0]?.path).toEqual([name]);
  });
});
