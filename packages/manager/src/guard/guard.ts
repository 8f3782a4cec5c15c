import { ConfigurationError } from "@tidegate/core";
import type { FastifyRequest } from "fastify";
import { HttpError } from "../errors/http-error.js";
import { isTrustedHost, parseAllowedHosts, parseAllowedOrigins } from "./hosts.js";
import { isLoopback } from "./loopback.js";

/** Settings of the guard, as in `ManagerOptions`. */
export interface GuardOptions {
  readonly allowedHosts?: readonly string[] | undefined;
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly publicUrl?: string | undefined;
}

/**
 * Hooks that block requests from web pages: these come from a browser on this machine, or from inside this
 * network.
 */
export interface Guard {
  /** Refuses a request with a host name that is not the manager's. @throws HttpError HOST_NOT_ALLOWED */
  checkHost(request: FastifyRequest): Promise<void>;
  /**
   * Refuses a request with effects that a page of another site has sent.
   *
   * @throws HttpError ORIGIN_NOT_ALLOWED, REQUEST_INVALID without a host
   */
  checkSite(request: FastifyRequest): Promise<void>;
}

/** Methods without effects; a page of another site cannot read their answers. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Builds the guard of a manager.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function createGuard({ allowedHosts, allowedOrigins = [], publicUrl }: GuardOptions): Guard {
  const own = publicUrl === undefined ? undefined : absoluteUrl(publicUrl);
  const hosts = new Set(parseAllowedHosts(allowedHosts ?? []));
  const origins = new Set(parseAllowedOrigins(allowedOrigins));
  if (own !== undefined) {
    hosts.add(own.hostname);
    origins.add(own.origin);
  }
  return {
    checkHost: async (request) => {
      const host = hostOf(request);
      const { localAddress } = request.raw.socket;
      const isChecked =
        allowedHosts !== undefined || (localAddress !== undefined && isLoopback(localAddress));
      if (host === undefined || !isChecked || isTrustedHost(host, hosts)) return;
      throw new HttpError(
        403,
        "HOST_NOT_ALLOWED",
        `The manager does not answer as ${JSON.stringify(host)}. Call it by its address or as localhost, or add the name to allowedHosts.`,
        { field: "host" },
      );
    },
    checkSite: async (request) => {
      if (hostOf(request) === undefined && request.raw.httpVersion !== "1.0") {
        throw new HttpError(400, "REQUEST_INVALID", "host: is needed.", { field: "host" });
      }
      if (SAFE_METHODS.has(request.method) || isOwnSite(request, origins)) return;
      throw new HttpError(
        403,
        "ORIGIN_NOT_ALLOWED",
        "A web page of another origin may not do this. If it is yours, add its origin to allowedOrigins.",
        { field: "origin" },
      );
    },
  };
}

/**
 * Returns whether a request comes from no page at all, or from one of the manager's own origin or an allowed
 * one. The rules are those of `net/http.CrossOriginProtection` in Go's standard library: browsers set
 * `Sec-Fetch-Site`, older ones `Origin`.
 */
function isOwnSite(request: FastifyRequest, origins: ReadonlySet<string>): boolean {
  const { origin, "sec-fetch-site": site } = request.headers;
  if (origin !== undefined && origins.has(origin.toLowerCase())) return true;
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === hostOf(request)?.toLowerCase();
}

/** Returns the host from the request itself: a proxy's header could come from the page. */
function hostOf({ headers }: FastifyRequest): string | undefined {
  const authority = headers[":authority"];
  return typeof authority === "string" ? authority : headers.host;
}

function absoluteUrl(publicUrl: string): URL | undefined {
  if (publicUrl.startsWith("/") || publicUrl === "") return undefined;
  if (/^https?:/i.test(publicUrl) && URL.canParse(publicUrl)) return new URL(publicUrl);
  throw new ConfigurationError(
    "CONFIGURATION_INVALID",
    `publicUrl: must be an address such as https://manager.example/tidegate, or a path, not ${JSON.stringify(publicUrl)}.`,
    { field: "publicUrl" },
  );
}
