import { SystemClock } from "@tidegate/core/clock";
import { beforeAll, describe, it } from "../runner.js";
import type { EngineBed } from "./bed.js";
import type { Chapter, Rule } from "./suite.js";

/** A bed whose engine runs, and its removal. */
export interface OpenBed {
  readonly bed: EngineBed;
  readonly close: () => Promise<void>;
}

/** Opens the bed of a rule. */
export type Opening = () => Promise<OpenBed>;

type Holds = (bed: EngineBed) => Promise<void>;

/** Defines rules that are tested one after the other. */
export function inTurn(open: Opening): Chapter {
  return chapterOf((name, holds) => it(name, () => inBed(open, holds)));
}

/**
 * Defines rules that are tested at the same time, before the first test, and whose tests report the outcome: they mostly
 * wait for fires, and so wait together. (Jest's own `it.concurrent` forbids an `import()` as soon as one of the tests has
 * ended, and knows neither chapters nor `beforeEach`.)
 *
 * @param atOnce - how many are tested at the same time
 * @param limitMs - after how long a rule fails, ms
 */
export function together(open: Opening, atOnce: number, limitMs: number): Chapter {
  const tests: (() => Promise<void>)[] = [];
  const testNext = async (): Promise<void> => {
    // From the end: the last chapters take longest.
    for (let test = tests.pop(); test !== undefined; test = tests.pop()) await test();
  };
  beforeAll(() => Promise.all(Array.from({ length: atOnce }, testNext)), UNLIMITED_MS);
  return chapterOf((name, holds) => {
    let outcome: PromiseSettledResult<void> | undefined;
    tests.push(async () => {
      [outcome] = await Promise.allSettled([inBed(open, (bed) => within(limitMs, holds(bed)))]);
    });
    it(name, () => {
      if (outcome?.status !== "fulfilled") throw outcome?.reason ?? new Error("The rule was not tested.");
    });
  });
}

/** A day: each rule has a limit of its own. */
const UNLIMITED_MS = 86_400_000;

function chapterOf(test: (name: string, holds: Holds) => void): Chapter {
  return (title, define) => {
    describe(title, () => define(ruleOf(test)));
  };
}

function ruleOf(test: (name: string, holds: Holds) => void): Rule {
  const rule = (name: string, holds: Holds): void => test(name, holds);
  const skipped = (name: string): void => it.skip(name, () => {});
  return Object.assign(rule, { when: (isShown: boolean) => (isShown ? ruleOf(test) : ruleOf(skipped)) });
}

/** Tests a rule in a new bed, then closes it. If both fail, the rule's error is the one to see. */
async function inBed(open: Opening, holds: Holds): Promise<void> {
  const { bed, close } = await open();
  try {
    await holds(bed);
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
  await close();
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let cancel = (): void => {};
  const expiry = new Promise<never>((_, reject) => {
    const late = new Error(`The rule is still being tested after ${limitMs} ms.`);
    ({ cancel } = new SystemClock().wakeAfter(limitMs, () => reject(late)));
  });
  try {
    await Promise.race([work, expiry]);
  } finally {
    cancel();
  }
}
