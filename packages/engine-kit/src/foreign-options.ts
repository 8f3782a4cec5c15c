import { baseUrl, httpUrl, LONGEST_TIMER_MS, wholeNumber } from "@tidegate/core";
import { z } from "zod";

/** Options that all engines on foreign schedulers have, under the same names and with the same limits. */
export const foreignOptions = {
  /** The scheduler's address, without slashes at its end. */
  url: baseUrl,
  /** The address of the manager's callback route, as the scheduler's workers reach it. */
  callbackUrl: httpUrl,
  /** Tells one installation from others on the same scheduler. */
  prefix: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, "must be 1 to 40 lower case letters, digits and -")
    .default("main"),
  /** Whether the scheduler's task waits until the run ends. */
  wait: z.boolean().default(false),
  /** The finest period that the scheduler is to fire, ms. */
  finestPeriodMs: wholeNumber(1_000, 3_600_000).default(10_000),
  /** How long the scheduler may take to answer one request, ms. */
  requestTimeoutMs: wholeNumber(1, LONGEST_TIMER_MS).default(10_000),
} as const;
