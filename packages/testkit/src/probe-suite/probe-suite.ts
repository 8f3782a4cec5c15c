import type { EpochMs, JsonObject } from "@tidegate/core";
import type { ProbeAnswer, ProbeQuestion, ReadinessProbe } from "@tidegate/core/probe";
import { MINUTE, START } from "../builders.js";
import { afterEach, beforeEach, describe, expect, it } from "../runner.js";
import { deepFrozen, thrownBy } from "./conduct.js";

/** A probe and what a test needs around it, created anew for each test. */
export interface ProbeFixture {
  readonly probe: ReadinessProbe;
  /** An entry that the probe accepts, without its `type`. */
  readonly spec: JsonObject;
  /** Entries that it refuses, by the path of the field that is wrong; empty for none. @default none */
  readonly refused?: readonly (readonly [field: string, spec: JsonObject])[];
  /** Fields of a question to which the source is ready. */
  readonly ready: Partial<ProbeQuestion>;
  /** Fields of a question to which it is not. */
  readonly notReady: Partial<ProbeQuestion>;
  /** Fields of a question that cannot be answered. @default none: the rule about it does not apply */
  readonly broken?: Partial<ProbeQuestion>;
  /** Texts that no answer and no error may contain. @default none */
  readonly secrets?: readonly string[];
  /** The instant by which it is asked, epoch ms. @default an hour after the interval of `aQuestion` */
  readonly now?: EpochMs;
  /** Removes what was created. */
  readonly dispose?: () => Promise<void>;
}

/** Options of `probeSuite`. */
export interface ProbeSuiteOptions {
  /** Names the probe in the test report. */
  readonly name: string;
  /** Called before each test. */
  readonly create: () => Promise<ProbeFixture>;
}

/** Returns a question about the first minute of a ledger. */
export function aQuestion(overrides: Partial<ProbeQuestion> = {}): ProbeQuestion {
  return { interval: { lower: START, upper: START + MINUTE }, timezone: "UTC", spec: {}, ...overrides };
}

/**
 * Defines the rules of `ReadinessProbe` as tests for Jest or Vitest: the other half of the contract.
 *
 * ```ts
 * probeSuite({ name: "file", create: async () => ({ probe, spec, ready, notReady, broken, dispose }) });
 * ```
 */
export function probeSuite({ name, create }: ProbeSuiteOptions): void {
  describe(`${name} keeps the rules of ReadinessProbe`, () => {
    let fixture: ProbeFixture;
    beforeEach(async () => {
      fixture = await create();
      await fixture.probe.start?.();
    });
    afterEach(async () => {
      await fixture.probe.stop?.();
      await fixture.dispose?.();
    });

    const ask = (
      fields: Partial<ProbeQuestion>,
      signal = new AbortController().signal,
    ): Promise<ProbeAnswer> => {
      const { now = START + 60 * MINUTE, probe, spec } = fixture;
      return probe.check(deepFrozen(aQuestion({ spec, ...fields })), { now, signal });
    };

    it("has a type by which schedules name it", () => {
      expect(fixture.probe.probeType).toMatch(/^[A-Za-z0-9_.-]{1,48}$/);
    });

    it("accepts what is right, and says what is wrong with others, and where", () => {
      const { probe, spec, refused = [] } = fixture;
      expect(() => probe.validate?.(spec)).not.toThrow();
      for (const [field, wrong] of refused) {
        const { error } = thrownBy(() => probe.validate?.(wrong));
        expect(String((error as Error).message)).toMatch(/\S/);
        expect({ wrong, field: (error as { field?: string }).field ?? "" }).toEqual({ wrong, field });
      }
    });

    it("says whether the source is ready, and why", async () => {
      const ready = await ask(fixture.ready);
      expect(ready).toMatchObject({ isReady: true });
      expectWellFormed(ready, aQuestion(fixture.ready));
      const notReady = await ask(fixture.notReady);
      expect(notReady).toMatchObject({ isReady: false });
      expect(notReady.detail).toMatch(/\S/);
      expectWellFormed(notReady, aQuestion(fixture.notReady));
    });

    it("gives the same answers however often it is asked, also at once: asking has no effects", async () => {
      const questions = Array.from({ length: 10 }, () => [fixture.ready, fixture.notReady]).flat();
      const answers = await Promise.all(questions.map((fields) => ask(fields)));
      expect(answers.map(({ isReady }) => isReady)).toEqual(
        questions.map((fields) => fields === fixture.ready),
      );
      expect(await ask(fixture.ready)).toMatchObject({ isReady: true });
    });

    it("throws if the source cannot be asked, and answers other questions", async () => {
      const { broken } = fixture;
      if (broken === undefined) return;
      const [asked, ready] = await Promise.allSettled([ask(broken), ask(fixture.ready)]);
      expect(asked).toMatchObject({ status: "rejected", reason: { message: expect.stringMatching(/\S/) } });
      expect(ready).toMatchObject({ status: "fulfilled", value: { isReady: true } });
    });

    it("keeps secrets to itself", async () => {
      const { broken, secrets = [] } = fixture;
      const questions = [fixture.ready, fixture.notReady, ...(broken === undefined ? [] : [broken])];
      const settled = await Promise.allSettled(questions.map((fields) => ask(fields)));
      const texts = settled.map((one) =>
        one.status === "fulfilled" ? JSON.stringify(one.value) : String(one.reason),
      );
      for (const secret of secrets) for (const text of texts) expect(text).not.toContain(secret);
    });

    it("settles when its answer is no longer wanted", async () => {
      const controller = new AbortController();
      const asked = ask(fixture.notReady, controller.signal);
      controller.abort();
      await Promise.allSettled([asked, ask(fixture.ready, controller.signal)]);
      expect(await ask(fixture.ready)).toMatchObject({ isReady: true });
    });

    it("works again after it was stopped and started", async () => {
      const { probe } = fixture;
      await probe.stop?.();
      await probe.start?.();
      expect(await ask(fixture.ready)).toMatchObject({ isReady: true });
    });
  });
}

function expectWellFormed(answer: ProbeAnswer, { interval: { upper } }: ProbeQuestion): void {
  const { isReady, detail, readyThrough, retryAfterMs = 1 } = answer;
  expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
  expect(detail).toMatch(/^[^\n]{0,400}$/);
  expect(retryAfterMs).toBeGreaterThan(0);
  if (readyThrough !== undefined) expect(readyThrough >= upper).toBe(isReady);
}
