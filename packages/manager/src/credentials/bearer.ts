import { createHash, timingSafeEqual } from "node:crypto";

/** The shortest token that is taken, characters. */
const MIN_TOKEN = 16;

/** Whether two secrets are the same, in constant time whatever their lengths. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "")?.[1];
}

/** Whether a token is fit to be one: 16 or more visible ASCII characters. */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length >= MIN_TOKEN && /^[\x21-\x7e]+$/.test(value);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
