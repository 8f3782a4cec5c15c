import { baseUrl, httpUrl, LONGEST_TIMER_MS, wholeNumber } from "@tidegate/core/plugin";
import { z } from "zod";

/** Options shared by all engines on foreign schedulers, with the same names and limits. */
export const foreignOptions = {
  /** The scheduler's address, without trailing slashes. */
  url: baseUrl,
  /** The address of the manager's callback route, as the scheduler's workers reach it. */
  callbackUrl: httpUrl,
  /** Distinguishes this installation from others on the same scheduler. */
  prefix: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, "must be 1 to 40 lower case letters, digits and -")
    .default("main"),
  /** Whether the scheduler's task waits until the run ends. */
  wait: z.boolean().default(false),
  /** The finest period that the scheduler may fire, ms. */
  finestPeriodMs: wholeNumber(1_000, 3_600_000).default(10_000),
  /** Maximum time for the scheduler to answer one request, ms. */
  requestTimeoutMs: wholeNumber(1, LONGEST_TIMER_MS).default(30_000),
} as const;
