import { type EpochMs, hasCode, type JsonObject } from "@tidegate/core";
import {
  checkedBounds,
  compareOffsets,
  isEmptyRange,
  type OffsetBounds,
  type OffsetContext,
  type OffsetRange,
  type OffsetsRead,
  type OffsetVector,
  standingOf,
} from "@tidegate/core/offset";
import { deepFrozen, thrownBy } from "../probe-suite/conduct.js";
import { afterEach, beforeEach, describe, expect, it } from "../runner.js";
import type { OffsetFixture, OffsetProviderSuiteOptions, OffsetRecord } from "./fixture.js";

/**
 * Defines the rules of `OffsetProvider` as tests for Jest or Vitest: the other half of the contract. Rules about
 * `at`, `cut`, `size`, `hold` and `release` apply to providers that have them.
 *
 * ```ts
 * offsetProviderSuite({ name: "topic", create: async () => ({ provider, source, append, read, … }) });
 * ```
 */
export function offsetProviderSuite({ name, create }: OffsetProviderSuiteOptions): void {
  describe(`${name} keeps the rules of OffsetProvider`, () => {
    let fixture: OffsetFixture;
    beforeEach(async () => {
      fixture = await create();
      deepFrozen(fixture.source);
      await fixture.provider.start?.();
    });
    afterEach(async () => {
      await fixture.provider.stop?.();
      await fixture.dispose?.();
    });

    const context = (more: object = {}): OffsetContext => {
      const { now = Date.now } = fixture;
      return { now: now(), signal: new AbortController().signal, ...more };
    };
    const bounds = (more?: object): Promise<OffsetBounds> =>
      fixture.provider.bounds(fixture.source, context(more));
    const readOf = async (range: OffsetRange): Promise<string[]> => [...(await fixture.read(range))].sort();
    const everythingOf = ({ earliest, latest }: OffsetBounds): Promise<string[]> =>
      readOf({ lower: earliest, upper: latest });

    it("has a type by which schedules name it", () => {
      expect(fixture.provider.sourceType).toMatch(/^[A-Za-z0-9_.-]{1,48}$/);
    });

    it("accepts a right source, and says what is wrong with others, and where", () => {
      const { provider, source, refused = [] } = fixture;
      expect(() => provider.validate?.(source)).not.toThrow();
      expect((provider.notesOn?.(source) ?? []).filter((note) => !/^[A-Z].*\.$/.test(note))).toEqual([]);
      for (const [field, wrong] of refused) {
        const { error } = thrownBy(() => provider.validate?.(wrong));
        expect(String((error as Error).message)).toMatch(/\S/);
        expect({ wrong, field: (error as { field?: string }).field ?? "" }).toEqual({ wrong, field });
      }
    });

    it("has bounds of an empty source, between which there is nothing", async () => {
      const empty = await bounds();
      expectWellFormed(empty);
      expect(await everythingOf(empty)).toEqual([]);
      const ids = idsOf(await fixture.append(3));
      const { latest } = await bounds();
      expect(await readOf({ lower: empty.latest, upper: latest })).toEqual(ids);
    });

    it("has lost nothing when an empty source grows", async () => {
      const empty = await bounds();
      const ids = idsOf(await fixture.append(3));
      const grown = await bounds({ read: readUpTo(empty) });
      expect(standingOf(fixture.provider, empty.latest, grown)).toMatchObject({ expired: [], rewound: [] });
      expect(await readOf({ lower: empty.latest, upper: grown.latest })).toEqual(ids);
    });

    it("has lost nothing when records that were read are removed, and positions pass without one", async () => {
      const { provider, purge } = fixture;
      if (purge === undefined) return;
      await fixture.append(6);
      const before = await bounds();
      await purge();
      const purged = await bounds({ read: readUpTo(before) });
      expect(standingOf(provider, before.latest, purged)).toMatchObject({ expired: [], rewound: [] });
      const ids = idsOf(await fixture.append(3));
      const after = await bounds({ read: readUpTo(purged) });
      for (const { earliest, latest } of [before, purged])
        for (const watermark of [earliest, latest])
          expect(standingOf(provider, watermark, after)).toMatchObject({ expired: [], rewound: [] });
      expect(await readOf({ lower: before.latest, upper: after.latest })).toEqual(ids);
    });

    it("has all records within its bounds", async () => {
      const ids = idsOf(await fixture.append(7));
      const answer = await bounds();
      expectWellFormed(answer);
      expect(await everythingOf(answer)).toEqual(ids);
    });

    it("never goes back, and what is behind the former end is what is new", async () => {
      const first = idsOf(await fixture.append(4));
      const before = await bounds();
      const second = idsOf(await fixture.append(4));
      const after = await bounds({ read: readUpTo(before) });
      expect(compareOffsets(fixture.provider, before.latest, after.latest)).toBe("before");
      expect(await readOf({ lower: before.earliest, upper: before.latest })).toEqual(first);
      expect(await readOf({ lower: before.latest, upper: after.latest })).toEqual(second);
    });

    it("has taken in no less than before, if it tells how much", async () => {
      const { provider } = fixture;
      const amounts: bigint[] = [];
      for (const count of [1, 9, 90]) {
        await fixture.append(count);
        const { room } = checkedBounds(provider, await bounds());
        if (room === undefined) return;
        amounts.push(BigInt(room.written));
      }
      expect(amounts[0]! <= amounts[1]! && amounts[1]! <= amounts[2]!).toBe(true);
    });

    it("ends where nothing below can still appear, or cannot say while somebody is writing", async () => {
      const { write } = fixture;
      if (write === undefined) return;
      const early = await fixture.append(2);
      const begun = await bounds();
      const unlessAway = async (before: OffsetBounds): Promise<OffsetBounds> => {
        try {
          return await bounds({ read: readUpTo(before) });
        } catch (error) {
          if (hasCode(error, "SOURCE_UNAVAILABLE")) return before;
          throw error;
        }
      };
      const slow = await write(2);
      const late = await fixture.append(3);
      const during = await unlessAway(begun);
      const below = await everythingOf(during);
      expect(below).toEqual(expect.arrayContaining(idsOf(early)));
      const slower = await write(1);
      const committed = await slow.commit();
      expect(await everythingOf(during)).toEqual(below);
      const between = await unlessAway(during);
      const last = await slower.commit();
      const after = await bounds({ read: readUpTo(between) });
      const parts = [
        ...below,
        ...(await readOf({ lower: during.latest, upper: between.latest })),
        ...(await readOf({ lower: between.latest, upper: after.latest })),
      ];
      expect(parts.sort()).toEqual(idsOf([...early, ...late, ...committed, ...last]));
    });

    it("orders all positions", async () => {
      const { provider } = fixture;
      const vectors: OffsetVector[] = [];
      for (const count of [1, 9, 90]) {
        const { earliest, latest } = await bounds();
        vectors.push(earliest, latest);
        await fixture.append(count);
      }
      vectors.push((await bounds()).latest);
      for (const partition of Object.keys(vectors[0]!)) {
        const positions = vectors.map((vector) => vector[partition]!);
        const sign = (a: string, b: string): number => Math.sign(provider.compare(partition, a, b));
        for (const a of positions)
          for (const b of positions) {
            expect(sign(a, b) + sign(b, a)).toBe(0);
            expect(sign(a, b) === 0).toBe(a === b);
            for (const c of positions)
              if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c) <= 0).toBe(true);
          }
      }
    });

    it("answers the same however often it is asked, also at once: asking has no effects", async () => {
      const ids = idsOf(await fixture.append(3));
      const answers = await Promise.all(Array.from({ length: 10 }, () => bounds()));
      for (const answer of answers) expect(await everythingOf(answer)).toEqual(ids);
    });

    it("cuts a range into ranges that tile it, none larger than asked", async () => {
      const { provider, source } = fixture;
      if (provider.cut === undefined) return;
      const ids = idsOf(await fixture.append(17));
      const { earliest, latest } = await bounds();
      const partitions = Object.keys(latest).length;
      const limit = Math.max(5, partitions);
      const parts: string[][] = [];
      let lower = earliest;
      while (!isEmptyRange(provider, { lower, upper: latest })) {
        const upper = await provider.cut(source, lower, latest, { records: limit }, context());
        expect(Object.keys(upper).sort()).toEqual(Object.keys(latest).sort());
        expect(compareOffsets(provider, lower, upper)).toBe("before");
        expect(["before", "equal"]).toContain(compareOffsets(provider, upper, latest));
        parts.push(await readOf({ lower, upper }));
        lower = upper;
      }
      expect(parts.flat().sort()).toEqual(ids);
      for (const part of parts) expect(part.length).toBeLessThanOrEqual(limit);
      expect(await provider.cut(source, earliest, latest, { records: 1_000_000 }, context())).toEqual(latest);
      const least = await provider.cut(source, earliest, latest, { records: 1 }, context());
      expect((await readOf({ lower: earliest, upper: least })).length).toBeLessThanOrEqual(partitions);
    });

    it("says no size below what is in a range", async () => {
      const { provider, source } = fixture;
      if (provider.size === undefined) return;
      await fixture.append(6);
      const { earliest, latest } = await bounds();
      const { records = 6, bytes = 1 } = await provider.size(source, earliest, latest, context());
      expect(records).toBeGreaterThanOrEqual(6);
      expect(bytes).toBeGreaterThanOrEqual(1);
      expect(await provider.size(source, latest, latest, context())).toMatchObject({ records: 0 });
    });

    it("finds the first position that is not before an instant", async () => {
      const { provider, source } = fixture;
      if (provider.at === undefined) return;
      const records = [...(await fixture.append(3)), ...(await fixture.append(3))];
      const { earliest, latest } = await bounds();
      const at = (instant: EpochMs): Promise<OffsetVector> => provider.at!(source, instant, context());
      for (const { at: instant } of records) {
        const before = records.filter((record) => record.at! < instant!);
        expect(await readOf({ lower: earliest, upper: await at(instant!) })).toEqual(idsOf(before));
      }
      const last = Math.max(...records.map((record) => record.at!));
      const behindAll = await at(last + 86_400_000);
      // The end of some sources moves although nothing is appended.
      expect([latest, (await bounds()).latest]).toContainEqual(behindAll);
      expect(await readOf({ lower: await at(0), upper: latest })).toEqual(idsOf(records));
    });

    it("has a partition that was added with all that is in it", async () => {
      const { addPartition, provider } = fixture;
      if (addPartition === undefined) return;
      await fixture.append(3);
      const before = await bounds();
      const ids = idsOf(await addPartition());
      const after = await bounds();
      const { lower, ...standing } = standingOf(provider, before.latest, after);
      expect(standing).toEqual({ added: [expect.any(String)], vanished: [], expired: [], rewound: [] });
      expect(await readOf({ lower, upper: after.latest })).toEqual(ids);
      expect(after.incarnation).toBe(before.incarnation);
    });

    it("says what can no longer be read", async () => {
      const { expire, provider } = fixture;
      if (expire === undefined) return;
      const ids = idsOf(await fixture.append(6));
      const before = await bounds();
      await expire();
      const after = await bounds();
      expect(standingOf(provider, before.earliest, after).expired).not.toEqual([]);
      expect(["equal", "before"]).toContain(compareOffsets(provider, before.latest, after.latest));
      expect(after.incarnation).toBe(before.incarnation);
      const left = await everythingOf(after);
      expect(left.length).toBeGreaterThan(0);
      expect(left.length).toBeLessThan(ids.length);
      expect(ids).toEqual(expect.arrayContaining(left));
    });

    it("keeps what is held readable, until it is released", async () => {
      const { expire, provider, source } = fixture;
      if (expire === undefined || provider.hold === undefined) return;
      await fixture.append(6);
      const { earliest, latest, incarnation } = await bounds();
      const holder = { ...context(), holder: "tests/orders", incarnation };
      await provider.hold(source, earliest, holder);
      await provider.hold(source, earliest, holder);
      await expire();
      expect(standingOf(provider, earliest, await bounds()).expired).toEqual([]);
      await provider.release?.(source, latest, holder);
      await provider.release?.(source, latest, holder);
      await expire();
      expect(standingOf(provider, earliest, await bounds()).expired).not.toEqual([]);
    });

    it("forgets what is released and nothing behind it, never goes back, and leaves another life alone", async () => {
      const { provider, source } = fixture;
      if (provider.release === undefined) return;
      await fixture.append(3);
      const { latest: first, incarnation } = await bounds();
      const ids = idsOf(await fixture.append(3));
      const { latest: second } = await bounds();
      const holder = { ...context(), holder: "tests/orders", incarnation };
      await provider.release(source, first, holder);
      await provider.release(source, second, { ...holder, incarnation: `not ${incarnation}` });
      await provider.release(source, first, holder);
      const after = await bounds();
      expect(standingOf(provider, first, after)).toMatchObject({ expired: [], rewound: [] });
      expect(await readOf({ lower: first, upper: second })).toEqual(ids);
      expect(after.incarnation).toBe(incarnation);
    });

    it("has the same incarnation as long as the source lives, and another one when it was made anew", async () => {
      const { provider } = fixture;
      const first = await bounds();
      await fixture.append(3);
      await provider.stop?.();
      await provider.start?.();
      const second = await bounds();
      expect(second.incarnation).toBe(first.incarnation);
      await fixture.recreate();
      const third = await bounds({ read: readUpTo(second) });
      expectWellFormed(third);
      expect(third.incarnation).not.toBe(first.incarnation);
    });

    it("tells sources with other data apart, and none that is only read otherwise", async () => {
      const { otherData = [], provider, sameData, source } = fixture;
      await fixture.append(3);
      const lives = async (...sources: readonly JsonObject[]): Promise<unknown[]> =>
        Promise.all(
          sources.map(async (one) => [
            provider.dataOf?.(one) ?? one,
            (await provider.bounds(one, context())).incarnation,
          ]),
        );
      const [own] = await lives(source);
      if (sameData !== undefined) expect(await lives(sameData)).toEqual([own]);
      for (const [data, incarnation] of (await lives(...otherData)) as [unknown, unknown][]) {
        expect(data).not.toEqual((own as unknown[])[0]);
        expect(incarnation).not.toEqual((own as unknown[])[1]);
      }
    });

    it("tells a source that is away from one that is wrong, and answers for others meanwhile", async () => {
      const { away, provider, wrong, secrets = [] } = fixture;
      await away.provider.start?.();
      const settled = await Promise.allSettled([
        away.provider.bounds(away.source, context()),
        provider.bounds(wrong, context()),
        bounds(),
      ]);
      await away.provider.stop?.();
      expect(settled).toMatchObject([
        { reason: { name: "SourceError", code: "SOURCE_UNAVAILABLE", message: expect.stringMatching(/\S/) } },
        { reason: { name: "SourceError", code: "SOURCE_INVALID", message: expect.stringMatching(/\S/) } },
        { status: "fulfilled" },
      ]);
      const texts = settled.map((one) => ("reason" in one ? String(one.reason.message) : ""));
      for (const secret of secrets) for (const text of texts) expect(text).not.toContain(secret);
    });

    it("settles when its answer is no longer wanted", async () => {
      const controller = new AbortController();
      const asked = bounds({ signal: controller.signal });
      controller.abort();
      await Promise.allSettled([asked, bounds({ signal: controller.signal })]);
      expectWellFormed(await bounds());
    });

    function expectWellFormed({ earliest, latest, incarnation, at }: OffsetBounds): void {
      expect(Object.keys(earliest).sort()).toEqual(Object.keys(latest).sort());
      for (const [partition, end] of Object.entries(latest))
        expect(fixture.provider.compare(partition, earliest[partition]!, end)).toBeLessThanOrEqual(0);
      expect(incarnation).toMatch(/^.{1,200}$/);
      expect(Number.isSafeInteger(at)).toBe(true);
      for (const position of [...Object.values(earliest), ...Object.values(latest)])
        expect(position).toMatch(/^[^\p{Cc}]*$/u);
    }
  });
}

function readUpTo({ incarnation, latest, at }: OffsetBounds): OffsetsRead {
  return { incarnation, upTo: latest, at };
}

function idsOf(records: readonly OffsetRecord[]): string[] {
  return records.map(({ id }) => id).sort();
}
