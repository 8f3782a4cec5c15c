import { z } from "zod";

/** Longest delay of a Node timer, ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Returns a schema for a whole number in a range, both ends included. */
export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const isWithin = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  return z.custom<number>(isWithin, {
    error: ({ input }) => `must be a whole number from ${least} to ${most}, but is ${input}`,
  });
}

/** Schema of an absolute `http` or `https` URL without a user or a password; the error does not show it. */
export const httpUrl = z.string("must be an absolute URL").superRefine((text, context) => {
  const problem = problemOf(text);
  if (problem !== undefined) context.addIssue(problem);
});

/** Schema of such a URL without a query and a fragment, to which paths are appended: slashes at its end are removed. */
export const baseUrl = httpUrl
  .refine((text) => !/[?#]/.test(text), "must not carry a query or a fragment")
  .transform((text) => text.replace(/\/+$/, ""));

function problemOf(text: string): string | undefined {
  if (!URL.canParse(text)) return "must be an absolute URL";
  const { protocol, username, password } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "must begin with http:// or https://";
  return username !== "" || password !== "" ? "must not carry a user or a password" : undefined;
}
