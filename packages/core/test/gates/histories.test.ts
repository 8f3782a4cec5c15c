import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { GateAnswer, GateRequest } from "../../src/gate/gate.js";
import type { OfflineJobRequest } from "../../src/job/offline-job-request.js";
import { Fleet, type Manager } from "../support/fleet.js";
import { SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { ScriptedGate } from "../support/scripted-gate.js";
import { SUCCEEDED } from "../support/scripted-operator.js";

/** How long one story takes, in steps of a second. */
const STEPS = 40;

/** What the gate of an interval does at a step: it opens once, and stays open. */
type Mood = "closed" | "throws" | "late" | "broken";

interface Story {
  readonly overlap: "queue" | "allow";
  /** By interval: the step at which its gate opens. */
  readonly opensAt: readonly number[];
  readonly moods: readonly Mood[];
  /** Steps at which a manager dies or comes back. */
  readonly turns: readonly { readonly step: number; readonly manager: number }[];
}

const INTERVALS = 4;

/** Length of an interval, ms. */
const LENGTH = 10 * SECOND;

const story: fc.Arbitrary<Story> = fc.record({
  overlap: fc.constantFrom("queue" as const, "allow" as const),
  opensAt: fc.array(fc.nat(STEPS - 10), { minLength: INTERVALS, maxLength: INTERVALS }),
  moods: fc.array(fc.constantFrom<Mood>("closed", "throws", "late", "broken"), {
    minLength: 1,
    maxLength: 12,
  }),
  turns: fc.array(fc.record({ step: fc.nat(STEPS - 5), manager: fc.nat(1) }), { maxLength: 4 }),
});

const EVERY_TEN_SECONDS = {
  trigger: { type: "period", every: 10, unit: "second" },
  endTime: T0 + INTERVALS * LENGTH,
} as const;

/** How much time passes at once while nothing is about to happen, ms. */
const STRIDE = 500;

/** The world of one story: two managers, each with a gate that knows what is open. */
class Scene {
  readonly fleet = new Fleet();
  readonly #story: Story;
  readonly #indexOf = (upper: number): number => (upper - T0) / LENGTH - 1;
  /** When each interval was submitted, and whether its gate was open. */
  readonly begun: { readonly index: number; readonly step: number; readonly wasOpen: boolean }[] = [];
  #asked = 0;
  step = 0;

  constructor(told: Story) {
    this.#story = told;
    this.fleet.operator.answer = (request) => this.#begin(request);
    for (let n = 0; n < 2; n += 1) {
      const gate = new ScriptedGate();
      gate.answer = (request) => this.#answer(request);
      this.fleet.add(0, { gates: [gate], dispatcher: { pollMs: 500, leaseMs: 3_000 }, watchdogEveryMs: 1e9 });
    }
  }

  isOpen(index: number): boolean {
    return this.step >= this.#story.opensAt[index]!;
  }

  async play(): Promise<void> {
    const { overlap, turns } = this.#story;
    await this.fleet.start();
    const [first] = this.fleet.managers;
    await first!.tidegate.client.register(
      hourly("orders", { ...EVERY_TEN_SECONDS, gates: { door: {} }, overlap, maxActiveRuns: 2 }),
    );
    await this.#pass(INTERVALS * LENGTH - (this.fleet.clock.now() - T0));
    await first!.engine.fire("orders", T0 + INTERVALS * LENGTH);
    for (; this.step < STEPS; this.step += 1) {
      for (const { step, manager } of turns)
        if (step === this.step) this.#turn(this.fleet.managers[manager]!);
      await this.fleet.pass(SECOND);
    }
    for (const manager of this.fleet.managers) manager.isAlive = true;
    // By now a broken gate is left alone for some forty seconds, one that names no time for a minute.
    await this.#pass(150 * SECOND);
  }

  /** Lets time pass in longer strides than the fleet does by itself. */
  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STRIDE) {
      await this.fleet.clock.advance(STRIDE);
      for (const { clock } of this.fleet.managers) await clock.advance(STRIDE);
    }
  }

  #turn(manager: Manager): void {
    manager.isAlive = !manager.isAlive;
  }

  #begin({ upperBound }: OfflineJobRequest): typeof SUCCEEDED {
    const index = this.#indexOf(Number(upperBound));
    this.begun.push({ index, step: this.step, wasOpen: this.isOpen(index) });
    return SUCCEEDED;
  }

  async #answer({ interval }: GateRequest): Promise<GateAnswer> {
    if (this.isOpen(this.#indexOf(interval.upper))) return { isOpen: true };
    this.#asked += 1;
    const mood = this.#story.moods[this.#asked % this.#story.moods.length]!;
    if (mood === "throws") throw new Error("the door is stuck");
    if (mood === "broken") return { isOpen: false, reason: "stuck", isBroken: true };
    return { isOpen: false, reason: "shut", ...(mood === "late" ? {} : { lookAgainAt: 0 }) };
  }
}

/** How many steps may pass between the opening of a gate and the start: one to ask, one for each before it. */
const PATIENCE = 2 + INTERVALS;

describe("whatever gates answer, and whichever manager dies when", () => {
  it("nothing begins before its gate is open, everything begins once, in turn, and ends", async () => {
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const scene = new Scene(told);
        await scene.play();
        const order = scene.begun.map(({ index }) => index);
        expect(scene.begun.filter(({ wasOpen }) => !wasOpen)).toEqual([]);
        expect([...order].sort()).toEqual([0, 1, 2, 3]);
        if (told.overlap === "queue") expect(order).toEqual([0, 1, 2, 3]);
        const { items } = await scene.fleet.store.listRuns({}, {});
        expect(items.map(({ state }) => state)).toEqual(new Array(INTERVALS).fill("SUCCEEDED"));
        expect(scene.fleet.operator.doubles).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("nothing waits that could run, if its gate can be asked again each second and a manager is alive", async () => {
    const prompt = story.map(
      (told): Story => ({ ...told, moods: ["closed"], turns: told.turns.slice(0, 1) }),
    );
    await fc.assert(
      fc.asyncProperty(prompt, async (told) => {
        const scene = new Scene(told);
        await scene.play();
        for (const { index, step } of scene.begun) {
          const needed = told.overlap === "queue" ? told.opensAt.slice(0, index + 1) : [told.opensAt[index]!];
          // A manager that dies may take a run with it, until its lease is over.
          const lease = told.turns.length > 0 ? 4 : 0;
          expect(step).toBeLessThanOrEqual(Math.max(...needed) + PATIENCE + lease);
        }
      }),
      { numRuns: 20 },
    );
  });
});
