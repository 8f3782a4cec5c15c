import { describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import type { JobOutcome } from "@tidegate/core/operator";
import { VirtualClock } from "@tidegate/core/testing";
import fc from "fast-check";
import { Unanswered } from "../src/service/failure.js";
import { pollDelayMs, pollUntilEnded, type StillRunning } from "../src/service/poll.js";
import { rejectionOf } from "./bed/operators.js";

type Reply = JobOutcome | StillRunning | undefined | Error;

const RUNNING = undefined;
const SUCCEEDED: JobOutcome = { state: "SUCCEEDED" };
const away = (retryAfterMs?: number) =>
  new Unanswered("away", retryAfterMs === undefined ? {} : { retryAfterMs });

/** Polls a service that gives these replies, the last again and again; tells when it was asked, s after the start. */
async function polled(replies: readonly Reply[], { unreachableMs = 3_600_000, until = 3_600_000 } = {}) {
  const clock = new VirtualClock({ start: 0 });
  const askedAt: number[] = [];
  const ask = async () => {
    const reply = replies[Math.min(askedAt.length, replies.length - 1)];
    askedAt.push(clock.now() / 1_000);
    if (reply instanceof Error) throw reply;
    return reply;
  };
  const plan = { clock, intervalMs: 5_000, unreachableMs, random: () => 0.5 };
  const end = pollUntilEnded(ask, plan, new AbortController().signal).catch((error: unknown) => error);
  await clock.advance(until);
  return { end: await end, askedAt };
}

describe("polling", () => {
  it("asks at once, and then at intervals until the end", async () => {
    const { end, askedAt } = await polled([RUNNING, RUNNING, SUCCEEDED]);
    expect(end).toEqual(SUCCEEDED);
    expect(askedAt).toEqual([0, 5, 10]);
  });

  it("backs off while questions go unanswered, and returns to its interval after an answer", async () => {
    const { askedAt } = await polled([away(), away(), RUNNING, SUCCEEDED]);
    expect(askedAt).toEqual([0, 10, 30, 35]);
  });

  it("waits at most a minute between questions", async () => {
    const { askedAt } = await polled([away(), away(), away(), away(), away(), away(), SUCCEEDED]);
    expect(askedAt).toEqual([0, 10, 30, 70, 130, 190, 250]);
  });

  it("waits as long as the service asks, up to five minutes", async () => {
    const { askedAt } = await polled([away(90_000), away(86_400_000), SUCCEEDED]);
    expect(askedAt).toEqual([0, 90, 390]);
  });

  it("waits as long as the service asks while the job runs", async () => {
    const { askedAt } = await polled([{ retryAfterMs: 30_000 }, { retryAfterMs: 1 }, RUNNING, SUCCEEDED]);
    expect(askedAt).toEqual([0, 30, 35, 40]);
  });

  it("gives up when questions went unanswered for too long", async () => {
    const { end, askedAt } = await polled([RUNNING, away(), away(), RUNNING, away()], {
      unreachableMs: 30_000,
    });
    expect(askedAt).toHaveLength(7);
    expect(end).toBeInstanceOf(Error);
    expect((end as Error).message).toContain("the service has not answered for 30 s");
  });

  it("takes a secret that cannot be read now for a service that is away", async () => {
    const { end } = await polled([new OperatorError("CONFIGURATION_INVALID", "vault"), SUCCEEDED]);
    expect(end).toEqual(SUCCEEDED);
  });

  it("does not ask again where the address is forbidden", async () => {
    const forbidden = new OperatorError("ADDRESS_NOT_ALLOWED", "no");
    const { end, askedAt } = await polled([forbidden]);
    expect(end).toBe(forbidden);
    expect(askedAt).toHaveLength(1);
  });

  it("ends with its signal, between two questions", async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const reason = new Error("enough");
    const plan = { clock, intervalMs: 5_000, unreachableMs: 0 };
    const end = rejectionOf(pollUntilEnded(async () => RUNNING, plan, abort.signal));
    await clock.settle();
    abort.abort(reason);
    expect(await end).toBe(reason);
  });
});

describe("the wait between two questions", () => {
  it("stays within a tenth of what it should be", () => {
    const given = fc.record({
      intervalMs: fc.integer({ min: 100, max: 3_600_000 }),
      failures: fc.nat(50),
      retryAfterMs: fc.nat(10_000_000),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(given, ({ random, ...rest }) => {
        const exact = pollDelayMs({ ...rest, random: () => 0.5 });
        const delay = pollDelayMs({ ...rest, random: () => random });
        expect(exact).toBeGreaterThanOrEqual(rest.intervalMs);
        expect(exact).toBeLessThanOrEqual(Math.max(rest.intervalMs, 300_000));
        expect(Math.abs(delay - exact)).toBeLessThanOrEqual(exact / 10 + 1);
        expect(delay).toBeGreaterThanOrEqual(Math.min(rest.retryAfterMs, 300_000));
      }),
    );
  });
});
