import { unfitOption } from "@tidegate/core/plugin";

/** The servers that a connection string names. */
export interface Addresses {
  /** One connection string for each host, in the order given, as `pg` reads it. */
  readonly urls: readonly [string, ...string[]];
  /** The string's `connect_timeout`, ms. */
  readonly connectTimeoutMs: number | undefined;
}

/** Keywords that `pg` reads from a URL's query. */
const PASSED_ON = [
  "application_name",
  "client_encoding",
  "fallback_application_name",
  "options",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslnegotiation",
  "sslrootcert",
] as const;

/** Keywords that say who connects, and where. */
const PLACE = ["host", "port", "dbname", "user", "password"] as const;

/** Keywords that are read here. */
const READ_HERE = ["connect_timeout", "target_session_attrs"] as const;

const KNOWN: readonly string[] = [...PLACE, ...READ_HERE, ...PASSED_ON];

/** Each of these asks for a server that can be written, which is what its users look for. */
const WRITABLE = ["any", "read-write", "primary"];

/** The option that holds a connection string. */
export interface AddressOption {
  /** The type of the options, such as `PostgresStoreOptions`. */
  readonly type: string;
  /** Its path, such as `connectionString`. */
  readonly field: string;
}

/**
 * Reads a connection string of libpq, which may name several hosts: a URL, or keywords and values.
 *
 * @param option - named in errors, which do not show the text, since it may hold a password
 * @throws ConfigurationError CONFIGURATION_INVALID if the text is neither, or asks for what is not supported
 */
export function addressesOf(text: string, option: AddressOption): Addresses {
  try {
    const addresses = read(text);
    addresses.urls.forEach(requireReadable);
    return addresses;
  } catch (error) {
    if (error instanceof Unfit) throw unfitOption(option.type, option.field, error.message);
    throw error;
  }
}

/** A connection string that cannot be used; the message says why. */
class Unfit extends Error {}

function read(text: string): Addresses {
  const url = /^(postgres(?:ql)?:\/\/)([^/?#]*@)?([^/?#]*)(\/[^?#]*)?(?:\?(.*))?$/s.exec(text);
  if (url !== null) return ofUrl(text, url as unknown as UrlParts);
  if (/^(?:\/|socket:)/.test(text)) return alone(text);
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) || !text.includes("="))
    throw new Unfit(
      "is neither a URL such as postgres://user@host:5432/database nor keywords and values such as host=a dbname=shop",
    );
  return ofKeywords(keywordsOf(text));
}

/**
 * Requires that `pg` can read an address. It would refuse it only when it connects, each time, like a server that may be
 * back later.
 */
function requireReadable(url: string): void {
  if (url.startsWith("/")) return;
  try {
    // As `pg` does, takes an address without a host, and a percent sign that escapes nothing.
    const { username, password, pathname } = new URL(url.replace("@/", "@localhost/"));
    for (const part of [username, password, pathname])
      decodeURIComponent(part.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"));
  } catch {
    throw new Unfit(
      "is a URL that cannot be read: its port has to be a number, and / ? # @ % within user and password are written as %2F %3F %23 %40 %25",
    );
  }
}

type UrlParts = readonly [
  whole: string,
  scheme: string,
  user: string | undefined,
  authority: string,
  path: string | undefined,
  query: string | undefined,
];

/** An address that only `pg` understands, such as that of a socket's directory. */
function alone(url: string): Addresses {
  return { urls: [url], connectTimeoutMs: undefined };
}

function ofUrl(text: string, [, scheme, user = "", authority, path = "", query = ""]: UrlParts): Addresses {
  const parameters = new URLSearchParams(query);
  const listed = authority === "" ? [] : authority.split(",").map(hostAndPort);
  const hosts = parameters.get("host")?.split(",") ?? listed.map(({ host }) => host);
  const ports = parameters.get("port")?.split(",") ?? listed.map(({ port }) => port);
  const connectTimeoutMs = timeoutOf(parameters.get("connect_timeout"));
  requireWritable(parameters.get("target_session_attrs"));
  if (hosts.length < 2) return { ...alone(text), connectTimeoutMs };
  for (const name of ["host", "port", ...READ_HERE]) parameters.delete(name);
  const urls = withPorts(hosts, ports).map(([host, port]) =>
    urlOf({ scheme, user, host, port, path, parameters }),
  );
  return { urls: urls as [string, ...string[]], connectTimeoutMs };
}

function ofKeywords(values: ReadonlyMap<string, string>): Addresses {
  const unknown = [...values.keys()].find((name) => !KNOWN.includes(name));
  if (unknown !== undefined)
    throw new Unfit(`has the keyword "${unknown}", which is not supported; these are: ${KNOWN.join(", ")}`);
  requireWritable(values.get("target_session_attrs"));
  const encoded = (name: string): string => encodeURIComponent(values.get(name) ?? "");
  const password = values.has("password") ? `:${encoded("password")}` : "";
  const user = values.has("user") || password !== "" ? `${encoded("user")}${password}@` : "";
  const path = values.has("dbname") ? `/${encoded("dbname")}` : "";
  const hosts = values.get("host")?.split(",") ?? [""];
  const ports = values.get("port")?.split(",") ?? [""];
  const parameters = new URLSearchParams();
  for (const name of PASSED_ON) if (values.has(name)) parameters.set(name, values.get(name)!);
  const urls = withPorts(hosts, ports).map(([host, port]) =>
    urlOf({ scheme: "postgres://", user, host, port, path, parameters }),
  );
  return {
    urls: urls as [string, ...string[]],
    connectTimeoutMs: timeoutOf(values.get("connect_timeout") ?? null),
  };
}

/** Reads `keyword = value` pairs; a value in quotes may have spaces, and a backslash takes the next character as it is. */
function keywordsOf(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/gsy;
  let end = 0;
  for (let found = pair.exec(text); found !== null; found = pair.exec(text)) {
    values.set(found[1]!, (found[2] ?? found[3] ?? "").replaceAll(/\\(.)/gs, "$1"));
    end = pair.lastIndex;
  }
  // The text may hold a password, so the message names only the place.
  if (text.slice(end).trim() !== "")
    throw new Unfit(
      `is neither a URL nor keywords and values: it cannot be read from character ${end + 1} on`,
    );
  return values;
}

function hostAndPort(text: string): { host: string; port: string } {
  const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(text) ?? [];
  return { host, port };
}

/** Pairs each host with its port: there is one for all, or one for each. */
function withPorts(hosts: readonly string[], ports: readonly string[]): (readonly [string, string])[] {
  if (ports.length > 1 && ports.length !== hosts.length)
    throw new Unfit(
      `names ${hosts.length} hosts and ${ports.length} ports; give one port for all, or one for each`,
    );
  return hosts.map((host, index) => [host, (ports.length > 1 ? ports[index] : ports[0]) ?? ""]);
}

interface Address {
  readonly scheme: string;
  /** With its `@`, or empty. */
  readonly user: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
}

function urlOf({ scheme, user, host, port, path, parameters }: Address): string {
  const isSocket = host.startsWith("/") || host.startsWith("%2F");
  const query = new URLSearchParams(parameters);
  if (isSocket) query.set("host", decodeURIComponent(host));
  if (isSocket && port !== "") query.set("port", port);
  const place = isSocket ? "" : `${bracketed(host || "localhost")}${port === "" ? "" : `:${port}`}`;
  return `${scheme}${user}${place}${path === "" ? "/" : path}${query.size === 0 ? "" : `?${query}`}`;
}

/** Returns an IPv6 address as a URL has it. */
function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** libpq counts in seconds; 0 and less mean no limit of its own. */
function timeoutOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const seconds = Number(text);
  if (!Number.isInteger(seconds)) throw new Unfit("has a connect_timeout that is no number of seconds");
  return seconds > 0 ? seconds * 1_000 : undefined;
}

function requireWritable(attributes: string | null | undefined): void {
  if (attributes == null || WRITABLE.includes(attributes)) return;
  throw new Unfit(
    `asks for target_session_attrs=${attributes}, but needs one that takes writes; leave it out, or use one of ${WRITABLE.join(", ")}`,
  );
}

/** Returns an address without its user, password and parameters, for messages. */
export function placeOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `postgres://${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
  } catch {
    return "postgres";
  }
}
