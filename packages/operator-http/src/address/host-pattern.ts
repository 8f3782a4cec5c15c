import ipaddr from "ipaddr.js";

/** The hosts that one entry of an option matches. */
export interface HostPattern {
  /** As the WHATWG URL standard serializes it: lower case, punycode, IPv6 in brackets. */
  readonly host: string;
  /** `*.host`: every name below `host`, but not `host` itself. */
  readonly isSuffix: boolean;
  /** Any port if absent. */
  readonly port?: string;
}

const SHAPE = /^(\*\.)?(\[[0-9a-f:.]+\]|[^\s:/?#@\\[\]*]+)(?::([1-9]\d{0,4}))?$/i;

/** Parses `jobs.example.com`, `jobs.example.com:8443`, `*.example.com`, `10.1.2.3`, `[fd00::1]:8080`. */
export function parseHostPattern(text: string): HostPattern | undefined {
  const [, star, name = "", port] = SHAPE.exec(bracketed(text)) ?? [];
  const host = canonicalHost(name);
  if (host === undefined) return undefined;
  return { host, isSuffix: star !== undefined, ...(port === undefined ? {} : { port }) };
}

/** Returns whether one of the patterns matches the host and port of `url`. */
export function namesHost(patterns: readonly HostPattern[], url: URL): boolean {
  const host = hostOf(url);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return patterns.some((pattern) => {
    if (pattern.port !== undefined && pattern.port !== port) return false;
    return pattern.isSuffix ? host.endsWith(`.${pattern.host}`) : host === pattern.host;
  });
}

/** Returns the host of a URL without the trailing dot that makes a name absolute. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/\.$/, "");
}

function canonicalHost(name: string): string | undefined {
  const url = URL.canParse(`https://${name}/`) ? new URL(`https://${name}/`) : undefined;
  return url === undefined || url.hostname === "" ? undefined : hostOf(url);
}

function bracketed(text: string): string {
  return text.includes("::") && ipaddr.isValid(text) ? `[${text}]` : text;
}
