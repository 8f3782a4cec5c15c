import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { EpochMs, Gate, GateAnswer, GateRequest, JsonValue } from "@tidegate/core";
import { MINUTE, START } from "../builders.js";

/** A gate and what a test needs around it, created anew for each test. */
export interface GateFixture {
  readonly gate: Gate;
  /** Settings that the gate accepts. */
  readonly settings: JsonValue;
  /** Settings that it refuses. @default none */
  readonly refused?: readonly JsonValue[];
  /** Fields of a request that finds it open. */
  readonly open: Partial<GateRequest>;
  /** Fields of a request that finds it closed. */
  readonly closed: Partial<GateRequest>;
  /** Fields of a request that it cannot answer. @default none: the rule about it does not apply */
  readonly broken?: Partial<GateRequest>;
  /** The instant by which it is asked, epoch ms. @default an hour after the interval of `aGateRequest` */
  readonly now?: EpochMs;
  /** Removes what was created. */
  readonly dispose?: () => Promise<void>;
}

/** Options of `gateSuite`. */
export interface GateSuiteOptions {
  /** Names the gate in the test report. */
  readonly name: string;
  /** Called before each test. */
  readonly create: () => Promise<GateFixture>;
}

/** Returns a request for the first minute of a group. */
export function aGateRequest(overrides: Partial<GateRequest> = {}): GateRequest {
  const { interval = { lower: START, upper: START + MINUTE } } = overrides;
  return {
    runId: "019b76da-a800-7000-8000-000000000000".replaceAll("-", ""),
    groupId: "orders",
    kind: "SCHEDULED",
    interval,
    generation: 0,
    scheduledTime: interval.upper,
    timezone: "UTC",
    settings: {},
    heldSince: interval.upper,
    ...overrides,
  };
}

/**
 * Defines the rules of `Gate` as Jest tests: the other half of the contract.
 *
 * ```ts
 * gateSuite({ name: "file marker", create: async () => ({ gate, settings, open, closed, dispose }) });
 * ```
 */
export function gateSuite({ name, create }: GateSuiteOptions): void {
  describe(`${name} keeps the rules of Gate`, () => {
    let fixture: GateFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(() => fixture.dispose?.());

    const request = (fields: Partial<GateRequest>): GateRequest =>
      deepFrozen(aGateRequest({ settings: fixture.settings, ...fields }));
    const ask = (
      requests: readonly GateRequest[],
      signal = new AbortController().signal,
    ): Promise<readonly GateAnswer[]> => {
      const { gate, now = START + 60 * MINUTE } = fixture;
      return gate.check(Object.freeze([...requests]), { now, signal });
    };
    const mixed = (): GateRequest[] => [
      request(fixture.closed),
      request(fixture.open),
      request(fixture.open),
      request(fixture.closed),
    ];

    it("has a type by which schedules name it", () => {
      expect(fixture.gate.gateType).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
    });

    it("accepts settings that are right, and says what is wrong with others", () => {
      const { gate, settings, refused = [] } = fixture;
      expect(() => gate.validate?.(settings)).not.toThrow();
      for (const wrong of refused) expect(() => gate.validate?.(wrong)).toThrow(/\S/);
    });

    it("answers each request, in order", async () => {
      const answers = await ask(mixed());
      expect(answers.map(({ isOpen }) => isOpen)).toEqual([false, true, true, false]);
    });

    it("answers nothing if it is asked nothing", async () => {
      expect(await ask([])).toEqual([]);
    });

    it("answers a thousand requests together", async () => {
      const many = Array.from({ length: 250 }, mixed).flat();
      const answers = await ask(many);
      expect(answers).toHaveLength(1_000);
      expect(answers.filter(({ isOpen }) => isOpen)).toHaveLength(500);
    });

    it("says why it is closed, and when to look again, as values that can be stored", async () => {
      const answers = await ask(mixed());
      for (const answer of answers) expectWellFormed(answer);
      expect(JSON.parse(JSON.stringify(answers))).toEqual(answers);
    });

    it("gives the same answers however often it is asked: asking has no effects", async () => {
      const first = await ask(mixed());
      const together = await Promise.all([ask(mixed()), ask(mixed())]);
      for (const answers of [...together, await ask(mixed())]) {
        expect(answers.map(({ isOpen }) => isOpen)).toEqual(first.map(({ isOpen }) => isOpen));
      }
    });

    it("answers the others if one request cannot be answered", async () => {
      if (fixture.broken === undefined) return;
      const answers = await ask([request(fixture.open), request(fixture.broken), request(fixture.closed)]);
      expect(answers).toMatchObject([{ isOpen: true }, { isOpen: false, isBroken: true }, { isOpen: false }]);
      for (const answer of answers) expectWellFormed(answer);
    });

    it("settles when its answer is no longer wanted", async () => {
      const controller = new AbortController();
      const asked = ask(mixed(), controller.signal);
      controller.abort();
      await Promise.allSettled([asked, ask(mixed(), controller.signal)]);
      expect(await ask([request(fixture.open)])).toMatchObject([{ isOpen: true }]);
    });
  });
}

function expectWellFormed(answer: GateAnswer): void {
  if (answer.isOpen) return;
  const { reason, lookAgainAt = 0, missing = [], wokenBy = [] } = answer;
  expect(reason).toMatch(/^[^\n]{1,500}$/);
  expect(Number.isFinite(lookAgainAt)).toBe(true);
  for (const [index, { lower, upper }] of missing.entries()) {
    expect(lower).toBeLessThan(upper);
    expect(lower).toBeGreaterThan(missing[index - 1]?.upper ?? Number.NEGATIVE_INFINITY);
  }
  for (const groupId of wokenBy) expect(groupId).toMatch(/^[A-Za-z0-9_.:-]{1,200}$/);
}

/** A gate that changes what it is asked fails. */
function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const child of Object.values(value)) deepFrozen(child);
    Object.freeze(value);
  }
  return value;
}
