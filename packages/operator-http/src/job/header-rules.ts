/**
 * Names that carry credentials: their values would be stored in the schedule, for everyone who can read it.
 */
const CREDENTIAL =
  /(^|[-_])auth(orization|entication)?([-_]|$)|cookie|token|secret|passw|credential|signature|(api|access)[-_]?key/i;

/** Names that the operator or the connection sets. */
const RESERVED =
  /^(host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|idempotency-key|webhook-.*)$/i;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const VALUE = /^[\t\x20-\x7e]{0,4096}$/;

/** Returns whether a header or a query parameter of this name is likely to carry a credential. */
export function isCredentialName(name: string): boolean {
  return CREDENTIAL.test(name);
}

/** Returns what is wrong with a header's name, or `undefined`. */
export function headerNameProblem(name: string): string | undefined {
  if (!TOKEN.test(name)) return "is not a header's name";
  return RESERVED.test(name) ? "is set by the operator" : undefined;
}

/** Returns whether a header may have this value: visible ASCII, so that it cannot start another header. */
export function isHeaderValue(value: string): boolean {
  return VALUE.test(value);
}
