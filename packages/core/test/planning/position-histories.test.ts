import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { OfflineJobRequest } from "../../src/job/offline-job-request.js";
import { type OffsetVector, offsetsOf } from "../../src/offset/offset-vector.js";
import type { StartAt } from "../../src/offset/offset-watermark.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { Fleet, type Manager } from "../support/fleet.js";
import { SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { type Answer, failed, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";

/** Length of an interval, and how much time passes at once, ms. */
const LENGTH = 10 * SECOND;
const STRIDE = 500;

/** Most intervals in which the rest is read once everything is well again. */
const CLOSING = 15;

type Act =
  | { readonly do: "write"; readonly partition: number; readonly records: number }
  | { readonly do: "expire"; readonly partition: number; readonly share: number }
  | { readonly do: "fire"; readonly by: readonly number[] }
  | { readonly do: "end"; readonly with: "success" | "failure" }
  | { readonly do: "die" | "return"; readonly manager: number }
  | { readonly do: "source-away" | "source-back" | "resnapshot" };

interface Story {
  readonly policies: Partial<ScheduleInfo>;
  /** What becomes of each submission, in turn. */
  readonly answers: readonly ("success" | "failure" | "runs")[];
  readonly acts: readonly Act[];
}

const partition = fc.nat(3);
const manager = fc.nat(1);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      partition,
      records: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("expire" as const),
      partition,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("fire" as const),
      by: fc.constantFrom<readonly number[]>([0], [1], [0, 1], [0, 0, 1]),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      with: fc.constantFrom("success" as const, "failure" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("die" as const, "return" as const), manager }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("source-away" as const, "source-back" as const, "resnapshot" as const),
    }),
  },
);

const drawn: fc.Arbitrary<Partial<ScheduleInfo>> = fc.record({
  mode: fc.constantFrom("incremental", "full-then-incremental"),
  overlap: fc.constantFrom("queue", "allow", "coalesce-pending", "cancel-running", "drop"),
  catchup: fc.constantFrom("each", "coalesce", "drop"),
  onFailure: fc.constantFrom("block", "continue"),
  onLoss: fc.constantFrom("fail", "record", "resnapshot"),
  onEmpty: fc.constantFrom("skip", "run"),
  startAt: fc.constantFrom<StartAt>("earliest", "latest", { time: T0 + 3.5 * LENGTH }),
  maxAttempts: fc.integer({ min: 1, max: 2 }),
  limit: fc.constantFrom(null, { records: 25 }, { records: 10, maxRuns: 2 }),
});

const policies = drawn.map(({ startAt, onLoss, ...rest }): Partial<ScheduleInfo> => {
  const copiesFirst = rest.mode === "full-then-incremental";
  const canCopyAgain = copiesFirst && rest.overlap !== "allow";
  return {
    ...rest,
    onLoss: onLoss === "resnapshot" && !canCopyAgain ? "record" : onLoss!,
    ...(copiesFirst ? {} : { startAt: startAt! }),
  };
});

const story: fc.Arbitrary<Story> = fc.record({
  policies,
  answers: fc.array(fc.constantFrom("success", "success", "failure", "runs"), { minLength: 1, maxLength: 8 }),
  acts: fc.array(act, { minLength: 4, maxLength: 24 }),
});

/** What jobs have read, kept apart from the ledger: by key, so that attempts of one run count once. */
class Readers {
  readonly read = new Map<string, OfflineJobRequest>();
  readonly running: OfflineJobRequest[] = [];

  /** How often the target has each record, if a full copy takes the place of what was there. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { lowerBound, mode, upperBound } of this.read.values()) {
      const upper = offsetsOf(upperBound)!;
      const isFull = mode === "full";
      const lower = isFull ? zeroOf(upper) : offsetsOf(lowerBound)!;
      if (isFull) counts.clear();
      for (const record of recordsOf(lower, upper)) counts.set(record, (counts.get(record) ?? 0) + 1);
    }
    return counts;
  }
}

function zeroOf(vector: OffsetVector): OffsetVector {
  return Object.fromEntries(Object.keys(vector).map((name) => [name, "0"]));
}

function recordsOf(lower: OffsetVector, upper: OffsetVector): string[] {
  return Object.entries(upper).flatMap(([name, end]) => {
    const begin = Number(lower[name] ?? end);
    return Array.from({ length: Math.max(0, Number(end) - begin) }, (_, n) => `${name}:${begin + n}`);
  });
}

class Scene {
  readonly fleet = new Fleet();
  readonly source = new ScriptedSource("log", { "0": 3 });
  readonly readers = new Readers();
  /** Records that were there before the group was registered. */
  readonly #first: ReadonlySet<string>;
  readonly #story: Story;
  #answered = 0;
  #isClosing = false;

  constructor(told: Story) {
    this.#story = told;
    this.#first = new Set(this.records());
    this.fleet.operator.answer = (request) => this.#answer(request);
    for (let n = 0; n < 2; n += 1)
      this.fleet.add(0, {
        offsetProviders: [this.source],
        dispatcher: { pollMs: 500, leaseMs: 3_000 },
        watchdogEveryMs: 1e9,
      });
  }

  records(): string[] {
    return [...this.source.partitions].flatMap(([name, { writtenAt }]) =>
      writtenAt.map((_, n) => `${name}:${n}`),
    );
  }

  /** Returns whether nobody is to read a record, since it comes before the beginning. */
  isBefore(record: string): boolean {
    const { startAt } = this.#story.policies;
    if (startAt === undefined) return false;
    if (typeof startAt === "string") return startAt === "latest" && this.#first.has(record);
    const [name, n] = record.split(":") as [string, string];
    const { time } = startAt as { readonly time: number };
    return this.source.partitions.get(name)!.writtenAt[Number(n)]! < time;
  }

  async play(): Promise<void> {
    await this.fleet.start();
    await this.fleet.managers[0]!.tidegate.client.register(
      hourly("g", {
        trigger: { type: "period", every: 10, unit: "second" },
        boundaryType: "OFFSET",
        source: { type: "log", topic: "orders" },
        backoff: { initialMs: 1_000, maxMs: 1_000 },
        maxActiveRuns: 3,
        ...this.#story.policies,
      }),
    );
    for (const one of this.#story.acts) await this.#perform(one);
    await this.#close();
  }

  async #perform(one: Act): Promise<void> {
    const { source, fleet } = this;
    if (one.do === "write") source.write(String(one.partition), one.records, fleet.clock.now());
    if (one.do === "expire") {
      const { first, writtenAt } = source.partitions.get(String(one.partition)) ?? {
        first: 0,
        writtenAt: [],
      };
      if (writtenAt.length > first)
        source.expire(String(one.partition), first + Math.floor(one.share * (writtenAt.length - first)));
    }
    if (one.do === "fire")
      await this.#fire(one.by.map((n) => fleet.managers[n]!).filter(({ isAlive }) => isAlive));
    if (one.do === "end") this.#end(one.with);
    if (one.do === "die" || one.do === "return") fleet.managers[one.manager]!.isAlive = one.do === "return";
    if (one.do === "resnapshot") await this.#resnapshot();
    if (one.do === "source-away") source.failure = new Error("away");
    if (one.do === "source-back") source.failure = undefined;
    await this.#pass(2 * SECOND);
  }

  /** A person asks for another copy, which may be refused. */
  async #resnapshot(): Promise<void> {
    const asked = this.fleet.managers.find(({ isAlive }) => isAlive)?.tidegate.client.resnapshot("g");
    asked?.catch(() => undefined);
    await this.#pass(2 * STRIDE);
  }

  /** Lets an interval pass, and has managers fire for its end at once. */
  async #fire(managers: readonly Manager[]): Promise<void> {
    await this.#pass(LENGTH - ((this.fleet.clock.now() - T0) % LENGTH));
    const fires = managers.map(({ engine }) => engine.fire("g", this.fleet.clock.now()));
    await this.#pass(2 * STRIDE);
    await Promise.all(fires);
  }

  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STRIDE) {
      await this.fleet.clock.advance(STRIDE);
      for (const { clock, isAlive } of this.fleet.managers) if (isAlive) await clock.advance(STRIDE);
    }
  }

  /** Everything is well again, and people do what is left to them; then the group reads what is left. */
  async #close(): Promise<void> {
    const { fleet, source } = this;
    const [{ tidegate }] = fleet.managers as [Manager, Manager];
    this.#isClosing = true;
    source.failure = undefined;
    for (const each of fleet.managers) each.isAlive = true;
    while (this.readers.running.length > 0) this.#end("success");
    await this.#pass(10 * SECOND);
    const { spec, version } = await tidegate.client.get("g");
    await tidegate.client.update({ ...spec, onLoss: "record" }, { version });
    for (let n = 0; n < CLOSING; n += 1) {
      // The runs were planned by the version that says how a loss is handled: until it changed, that they fail.
      await tidegate.client.retryRuns("g", { version: "latest" });
      await this.#fire(fleet.managers);
      while (this.readers.running.length > 0) this.#end("success");
      await this.#pass(5 * SECOND);
      if (await this.#isDone()) return;
    }
  }

  async #isDone(): Promise<boolean> {
    const { client } = this.fleet.managers[0]!.tidegate;
    const { offsets } = await client.get("g");
    const { active, failed: ofFailed } = await client.audit("g");
    const isRead = [...this.source.partitions].every(
      ([name, { writtenAt }]) => offsets?.position[name] === String(writtenAt.length),
    );
    return isRead && active.runs === 0 && ofFailed.runs === 0;
  }

  #answer(request: OfflineJobRequest): Answer {
    const { answers } = this.#story;
    const answer = this.#isClosing ? "success" : answers[this.#answered % answers.length]!;
    this.#answered += 1;
    if (answer === "failure") return failed("down");
    if (answer === "runs") {
      this.readers.running.push(request);
      return "runs";
    }
    this.readers.read.set(request.idempotencyKey, request);
    return SUCCEEDED;
  }

  #end(how: "success" | "failure"): void {
    const request = this.readers.running.shift();
    if (request === undefined) return;
    const { idempotencyKey: key } = request;
    const wasStopped = this.fleet.operator.cancellations.includes(key);
    if (how === "success" && !wasStopped) this.readers.read.set(key, request);
    this.fleet.operator.end(key, how === "success" ? SUCCEEDED : failed("down"));
  }
}

describe("whatever writers, sources, managers and policies do", () => {
  it("each record is read once, or was lost by the source and is recorded as that", async () => {
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const scene = new Scene(told);
        await scene.play();
        const { items } = await scene.fleet.store.listRuns({ groupId: "g" }, { limit: 1_000 });
        const lost = items
          // A run that was cancelled for it is covered by what is left of it.
          .filter(({ state, reason }) => state === "SKIPPED" && reason === "source-expired")
          .flatMap(({ offsets }) => recordsOf(offsets!.lower, offsets!.upper));
        const isGone = (record: string): boolean => {
          const [name, n] = record.split(":") as [string, string];
          return Number(n) < scene.source.partitions.get(name)!.first;
        };
        expect(lost.filter((record) => !isGone(record))).toEqual([]);
        const counts = scene.readers.counts();
        const { mode } = told.policies;
        const copiesFirst = mode === "full-then-incremental";
        for (const record of copiesFirst ? [] : lost) counts.set(record, (counts.get(record) ?? 0) + 1);
        const { client } = scene.fleet.managers[0]!.tidegate;
        const { offsets } = await client.get("g");
        /** Gone before the source was first looked at: no reader could know of it. */
        const isUnseen = (record: string): boolean => {
          const [name, n] = record.split(":") as [string, string];
          return isGone(record) && Number(n) < Number(offsets?.origin[name] ?? Number.POSITIVE_INFINITY);
        };
        const wrong = scene.records().filter((record) => {
          const count = counts.get(record) ?? 0;
          if (copiesFirst && isGone(record)) return count > 1;
          const wanted = scene.isBefore(record) || isUnseen(record) ? 0 : 1;
          return count !== wanted;
        });
        expect(wrong).toEqual([]);
        const audit = await client.audit("g");
        expect(audit.isSound).toBe(true);
        const unread = audit.offsets.flatMap(({ partitions }) => partitions.flatMap((part) => part.unread));
        expect(unread).toEqual([]);
        expect(scene.fleet.operator.doubles).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
