import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { classOf } from "../src/address/address-class.js";
import { AddressGuard, ForbiddenAddress } from "../src/address/address-guard.js";
import { type HttpOperatorOptions, settingsOf } from "../src/options.js";

function guardWith(options: HttpOperatorOptions): AddressGuard {
  return new AddressGuard(settingsOf(options).addresses);
}

function isAllowed(options: HttpOperatorOptions, url: string): boolean {
  try {
    guardWith(options).checkUrl(new URL(url), "job.url");
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "ADDRESS_NOT_ALLOWED", field: "job.url" });
    return false;
  }
}

describe("the allow list", () => {
  it.each([
    ["a.example", "https://a.example/", true],
    ["a.example", "https://a.example:8443/", true],
    ["a.example", "https://A.EXAMPLE./", true],
    ["a.example", "https://b.a.example/", false],
    ["a.example", "https://a.example.evil.example/", false],
    ["a.example:8443", "https://a.example:8443/", true],
    ["a.example:8443", "https://a.example/", false],
    ["a.example:443", "https://a.example/", true],
    ["*.a.example", "https://b.a.example/", true],
    ["*.a.example", "https://c.b.a.example/", true],
    ["*.a.example", "https://a.example/", false],
    ["*.a.example", "https://evila.example/", false],
    ["bücher.example", "https://xn--bcher-kva.example/", true],
    ["8.8.8.8", "https://134744072/", true],
    ["2606:4700::1111", "https://[2606:4700:0:0::1111]/", true],
    ["[2606:4700::1111]:8443", "https://[2606:4700::1111]/", false],
  ])("with %s: %s → %s", (pattern, url, expected) => {
    expect(isAllowed({ allow: [pattern] }, url)).toBe(expected);
  });

  it("asks for TLS, but where it is told otherwise", () => {
    const allow = ["a.example", "b.example"];
    expect(isAllowed({ allow }, "http://a.example/")).toBe(false);
    expect(isAllowed({ allow, allowHttp: ["a.example"] }, "http://a.example/")).toBe(true);
    expect(isAllowed({ allow, allowHttp: ["a.example"] }, "http://b.example/")).toBe(false);
    expect(isAllowed({ allow, allowHttp: true }, "http://b.example/")).toBe(true);
  });

  it.each(["ftp://a.example/", "file:///etc/passwd", "data:text/plain,x"])("never reaches %s", (url) => {
    expect(isAllowed({ allowAnyHost: true, allowHttp: true }, url)).toBe(false);
  });
});

/** Addresses by the names that attackers give them. */
const NOT_PUBLIC = [
  "127.0.0.1",
  "127.1.2.3",
  "10.1.2.3",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:a9fe:a9fe",
  "64:ff9b::a9fe:a9fe",
  "2002:7f00:1::",
  "2001:0:7f00:1::",
  "fd00:ec2::254",
  "fc00::1",
  "fe80::1",
  "fec0::1",
  "ff02::1",
  "4000::1",
];

describe("addresses that are not public", () => {
  it.each(NOT_PUBLIC)("are refused as literals: %s", (address) => {
    const host = address.includes(":") ? `[${address}]` : address;
    expect(isAllowed({ allowAnyHost: true }, `https://${host}/`)).toBe(false);
  });

  it.each([
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
  ])("are refused however they are written: %s", (url) => {
    expect(isAllowed({ allowAnyHost: true }, url)).toBe(false);
  });

  it.each(NOT_PUBLIC)("are refused as what a name stands for: %s", (address) => {
    expect(() => guardWith({ allowAnyHost: true }).checkAddress("a.example", address)).toThrow(
      ForbiddenAddress,
    );
  });

  it("do not appear in the refusal of the name that stands for them", () => {
    expect(() => guardWith({ allowAnyHost: true }).checkAddress("a.example", "10.1.2.3")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("10.1.2.3") }),
    );
  });

  it.each([
    [["a.example"], "10.1.2.3", true],
    [["a.example"], "127.0.0.1", true],
    [["a.example"], "fd00::1", true],
    [["*.example"], "10.1.2.3", true],
    [["b.example"], "10.1.2.3", false],
    [["a.example"], "169.254.169.254", false],
    [["a.example"], "100.100.100.200", false],
    [["a.example"], "fd00:ec2::254", false],
    [["a.example"], "0.0.0.0", false],
    [["10.0.0.0/8"], "10.1.2.3", true],
    [["10.0.0.0/8"], "::ffff:10.1.2.3", true],
    [["10.0.0.0/8"], "192.168.1.1", false],
    [["10.0.0.0/8"], "fd00::1", false],
    [["169.254.169.254"], "169.254.169.254", true],
    [["fd00::/8"], "fd12::1", true],
  ])("with allowPrivate %j: %s → %s", (allowPrivate, address, expected) => {
    const check = () => guardWith({ allowAnyHost: true, allowPrivate }).checkAddress("a.example", address);
    if (expected) expect(check).not.toThrow();
    else expect(check).toThrow(ForbiddenAddress);
  });
});

describe("the class of an address", () => {
  it.each(["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])("is public for %s", (address) => {
    expect(classOf(address)).toBe("public");
  });

  it("is the same for an IPv4 address and its mapped form", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(classOf(`::ffff:${address}`)).toBe(classOf(address));
      }),
    );
  });

  it("is special for what is no address", () => {
    fc.assert(
      fc.property(fc.domain(), (name) => {
        expect(classOf(name)).toBe("special");
      }),
    );
  });
});
