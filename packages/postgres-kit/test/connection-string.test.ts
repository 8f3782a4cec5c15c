import { describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { type Addresses, addressesOf, placeOf } from "../src/connection-string.js";

const read = (text: string): Addresses => addressesOf(text, { type: "ShopOptions", field: "database" });

const urlsOf = (text: string): readonly string[] => read(text).urls;

describe("a connection string of one host", () => {
  it.each([
    "postgres://me:pa%20ss@db.internal:5433/shop?sslmode=verify-full",
    "postgresql://db.internal/shop?application_name=a",
    "postgres://me@[::1]:5432/shop",
    "postgres:///shop?host=/var/run/postgresql",
    "socket:/var/run/postgresql?db=shop",
    "/var/run/postgresql shop",
  ])("is left to pg as it is: %s", (text) => {
    expect(urlsOf(text)).toEqual([text]);
  });
});

describe("an address that pg would refuse each time it connects", () => {
  it.each([
    ["a port that is no number", "postgres://me@db:five/shop"],
    ["a port that no server has", "postgres://me@db:65536/shop"],
    ["a password with a slash", "postgres://me:s3cret/pass@db/shop"],
    ["a password with a hash", "postgres://me:s3cret#pass@db/shop"],
    ["an escape that is no UTF-8", "postgres://me:s3cret%e9@db/shop"],
    ["a host that is none", "postgres://me:s3cret@[db/shop"],
    ["several hosts, one of which is none", "postgres://me:s3cret@db:1,other:two/shop"],
    ["keywords whose port is none", "host=db port=five password=s3cret"],
    ["the address of something else", "http://me:s3cret@db/shop"],
    ["the address of a driver", "jdbc:postgresql://db/shop?password=s3cret"],
    ["the name of a file", "s3cret/shop.db"],
  ])("is refused with the ways to write it, and not shown: %s", (_, text) => {
    const reading = (): unknown => urlsOf(text);
    expect(reading).toThrow(/is a URL that cannot be read: its port|is neither a URL such as postgres:/);
    expect(reading).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "database" }));
    expect(reading).not.toThrow(/s3cret/);
  });

  it.each(["postgres://me@/shop", "postgres://me:100%@db/shop", "postgres://me:my pass@db/shop"])(
    "is not confused with one that it reads: %s",
    (text) => {
      expect(urlsOf(text)).toEqual([text]);
      expect(new Client({ connectionString: text }).user).toBe("me");
    },
  );
});

describe("a URL of several hosts", () => {
  it("becomes one for each, which keeps user, database and parameters", () => {
    const text =
      "postgresql://me:p%40ss@a:5433,b,[::1]:5434/shop?sslmode=verify-full&target_session_attrs=read-write";
    expect(urlsOf(text)).toEqual([
      "postgresql://me:p%40ss@a:5433/shop?sslmode=verify-full",
      "postgresql://me:p%40ss@b/shop?sslmode=verify-full",
      "postgresql://me:p%40ss@[::1]:5434/shop?sslmode=verify-full",
    ]);
  });

  it("may name them in its parameters", () => {
    expect(urlsOf("postgres://me@/shop?host=a,b&port=1,2")).toEqual([
      "postgres://me@a:1/shop",
      "postgres://me@b:2/shop",
    ]);
  });
});

describe("keywords and values", () => {
  it("may be quoted and escaped as libpq has it", () => {
    const text = String.raw`host = db.internal  user='me and you' password = 'it\'s a \\' dbname=shop sslmode=require`;
    expect(urlsOf(text)).toEqual([
      "postgres://me%20and%20you:it's%20a%20%5C@db.internal/shop?sslmode=require",
    ]);
  });

  it("take one port for all hosts, or one for each", () => {
    expect(urlsOf("host=a,b port=5433")).toEqual(["postgres://a:5433/", "postgres://b:5433/"]);
    expect(urlsOf("host=a,b port=1,2")).toEqual(["postgres://a:1/", "postgres://b:2/"]);
    expect(() => urlsOf("host=a,b,c port=1,2")).toThrow(/3 hosts and 2 ports/);
  });

  it("may name the directory of a socket", () => {
    expect(urlsOf("host=/var/run/postgresql port=5433 dbname=shop")).toEqual([
      "postgres:///shop?host=%2Fvar%2Frun%2Fpostgresql&port=5433",
    ]);
  });

  it("that are not supported are named, and so are those that are", () => {
    expect(() => urlsOf("service=shop")).toThrow(/"service".*host, port, dbname/);
  });

  it("that cannot be read are not shown, since they may hold a password", () => {
    const reading = (): unknown => urlsOf("host=a password='secret");
    expect(reading).toThrow(/from character 7 on/);
    expect(reading).not.toThrow(/secret/);
  });
});

describe("what a connection string asks for", () => {
  it("of the time to connect counts in seconds", () => {
    expect(read("host=a connect_timeout=3").connectTimeoutMs).toBe(3_000);
    expect(read("postgres://a,b/shop?connect_timeout=2").connectTimeoutMs).toBe(2_000);
    expect(read("postgres://a/shop?connect_timeout=0").connectTimeoutMs).toBeUndefined();
    expect(() => read("host=a connect_timeout=soon")).toThrow(/connect_timeout/);
  });

  it.each(["postgres://a,b/shop?target_session_attrs=standby", "host=a target_session_attrs=standby"])(
    "must not be a server that takes no writes: %s",
    (text) => {
      expect(() => read(text)).toThrow(/target_session_attrs=standby, but needs one that takes writes/);
    },
  );
});

describe("an error", () => {
  it("names the option that holds the connection string", () => {
    expect(() => read("service=shop")).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "database" }),
    );
  });
});

describe("the place of a database", () => {
  it("shows neither user nor password", () => {
    expect(placeOf("postgres://me:secret@db:5433/shop?sslmode=require")).toBe("postgres://db:5433/shop");
    expect(placeOf("socket directory")).toBe("postgres");
  });
});
