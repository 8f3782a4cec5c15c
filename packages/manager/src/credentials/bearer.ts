import { createHash, timingSafeEqual } from "node:crypto";

/** Minimum length of a token, characters. */
const MIN_TOKEN = 16;

/** Returns whether two secrets are equal, in constant time whatever their lengths. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/** Returns the token of an `Authorization: Bearer` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "")?.[1];
}

/** Returns whether a value is a valid token: 16 or more visible ASCII characters. */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length >= MIN_TOKEN && /^[\x21-\x7e]+$/.test(value);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
