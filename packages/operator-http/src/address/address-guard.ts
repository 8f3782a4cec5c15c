import { isIP } from "node:net";
import { OperatorError } from "@tidegate/core";
import { classOf } from "./address-class.js";
import { type HostPattern, hostOf, namesHost } from "./host-pattern.js";
import { isWithin, type Network } from "./network.js";

/** Rules for the addresses that requests may reach. */
export interface AddressRules {
  readonly allow: readonly HostPattern[] | "any";
  readonly allowHttp: readonly HostPattern[] | "any";
  /** Names that may resolve to internal addresses. */
  readonly privateHosts: readonly HostPattern[];
  /** Addresses that may be reached although they are not public. */
  readonly privateNetworks: readonly Network[];
}

/** A host that resolves to a forbidden address. */
export class ForbiddenAddress extends Error {
  override readonly name = "ForbiddenAddress";
}

/**
 * Guard against server-side request forgery: a job's addresses are chosen by whoever may register a schedule,
 * and the manager's network reaches further than theirs.
 */
export class AddressGuard {
  readonly #rules: AddressRules;

  constructor(rules: AddressRules) {
    this.#rules = rules;
  }

  /**
   * Checks what can be checked before a name is resolved.
   *
   * @param field - where the address comes from, such as `job.url`
   * @throws OperatorError ADDRESS_NOT_ALLOWED with the field and the host
   */
  checkUrl(url: URL, field: string): void {
    const { allow, allowHttp } = this.#rules;
    if (url.protocol !== "https:" && url.protocol !== "http:") {
      throw notAllowed(field, `"${url.protocol}" addresses cannot be reached, only https:`);
    }
    if (allow !== "any" && !namesHost(allow, url)) {
      throw notAllowed(
        field,
        `the host "${url.host}" is not among those that the operator may call (option allow)`,
      );
    }
    if (url.protocol === "http:" && allowHttp !== "any" && !namesHost(allowHttp, url)) {
      throw notAllowed(field, `"${url.host}" must be called by https, or be named in the option allowHttp`);
    }
    this.#checkLiteral(url, field);
  }

  /**
   * Checks an address that a host name resolved to.
   *
   * @throws ForbiddenAddress
   */
  checkAddress(host: string, address: string): void {
    const addressClass = classOf(address);
    if (addressClass === "public" || isWithin(this.#rules.privateNetworks, address)) return;
    const url = new URL(`https://${isIP(host) === 6 ? `[${host}]` : host}/`);
    if (addressClass === "internal" && namesHost(this.#rules.privateHosts, url)) return;
    // The message omits the address itself: whoever registers jobs must not be able to map the network from
    // it.
    throw new ForbiddenAddress(
      addressClass === "internal"
        ? `the host "${host}" is on a private network; name it in the option allowPrivate if that is meant`
        : `the host "${host}" has a special-purpose address, which only the option allowPrivate can name`,
    );
  }

  /** A literal address is never resolved, so it is checked here. */
  #checkLiteral(url: URL, field: string): void {
    const literal = hostOf(url).replace(/^\[(.*)\]$/, "$1");
    if (isIP(literal) === 0) return;
    try {
      this.checkAddress(literal, literal);
    } catch (error) {
      throw notAllowed(field, (error as ForbiddenAddress).message);
    }
  }
}

/** Returns the error that rejects an address that a field led to. */
export function notAllowed(field: string, problem: string): OperatorError {
  return new OperatorError("ADDRESS_NOT_ALLOWED", `${field}: ${problem}.`, { field });
}
