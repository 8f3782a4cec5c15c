import { beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { NotReadable, SourceCheck } from "../../src/dispatch/source-check.js";
import type { OffsetBounds, OffsetBoundsContext } from "../../src/offset/offset-provider.js";
import { OffsetProviders } from "../../src/offset/offset-providers.js";
import { RecentBounds } from "../../src/planning/recent-bounds.js";
import { SourceLooks } from "../../src/planning/source-looks.js";
import type { Run } from "../../src/run/run.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { MINUTE, SECOND, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";
import { ScriptedSource } from "../support/scripted-source.js";

/** A source whose last records may come late, so that it says how far it goes only to those who have read that far. */
class DelayedSource extends ScriptedSource {
  delay = 0;

  override async bounds(source: never, context: OffsetBoundsContext): Promise<OffsetBounds> {
    const { latest, ...rest } = await super.bounds(source, context);
    const end = Math.max(Number(latest["0"]) - this.delay, Number(context.read?.upTo["0"] ?? 0));
    return { ...rest, latest: { "0": String(end) } };
  }
}

const SOURCE = { type: "log", topic: "orders" };
const spec = specOf(hourly("g", { boundaryType: "OFFSET", source: SOURCE, startAt: "earliest" }));

const runOf = (lower: number, upper: number, incarnation = "first"): Run =>
  ({
    id: `${lower}`,
    kind: "SCHEDULED",
    snapshot: null,
    plannedAt: clock.now(),
    offsets: { incarnation, epoch: 0, lower: { "0": `${lower}` }, upper: { "0": `${upper}` } },
  }) as unknown as Run;

let clock: VirtualClock;
let source: DelayedSource;
let looks: SourceLooks;
let check: SourceCheck;

beforeEach(() => {
  clock = new VirtualClock({ start: T0 });
  source = new DelayedSource("log", { "0": 10 });
  const providers = new OffsetProviders([source]);
  looks = new SourceLooks({ clock, providers, namespace: "default", timeoutMs: MINUTE });
  check = new SourceCheck({ clock, looks, store: new MemoryStore({ clock }) });
});

describe("a run whose source was asked a moment ago", () => {
  it("is submitted without asking again if all of it was there", async () => {
    await looks.bounds(SOURCE);
    await check.check(runOf(0, 10), spec);
    expect(source.looks).toBe(1);
  });

  it("may have been planned since, by another manager: the source is asked again", async () => {
    await looks.bounds(SOURCE);
    source.write("0", 10);
    await check.check(runOf(10, 20), spec);
    expect(source.looks).toBe(2);
  });

  it("may read another life of it, after a rebase", async () => {
    await looks.bounds(SOURCE);
    source.replace("second", { "0": 5 });
    await check.check(runOf(0, 5, "second"), spec);
    expect(source.looks).toBe(2);
  });

  it("has lost what was there, if the source says so now", async () => {
    await looks.bounds(SOURCE);
    source.expire("0", 4);
    clock.set(T0 + 5 * SECOND);
    await expect(check.check(runOf(0, 10), spec)).rejects.toThrow(/partition 0 \[0, 4\)/);
  });
});

describe("a run whose source tells how far it goes only to those who have read that far", () => {
  it("is compared with what the source tells those who have read the run", async () => {
    source.delay = 3;
    const run = runOf(0, 10);
    clock.set(T0 + MINUTE);
    await check.check(run, spec);
    expect(source.readings.at(-1)).toEqual({ incarnation: "first", upTo: { "0": "10" }, at: T0 });
  });
});

describe("a run that has read nothing", () => {
  it.each([
    [
      "SOURCE_REWOUND",
      () => source.rewind("0", 6),
      /positions that the run is to read: partition 0 \[6, 10\)/,
    ],
    [
      "SOURCE_REPLACED",
      () => source.replace("second", { "0": 9 }),
      /for which the run was planned: it was first/,
    ],
  ])("is refused with %s in words that suit it", async (code, change, text) => {
    source.bounds = ScriptedSource.prototype.bounds;
    change();
    const error: unknown = await check.check(runOf(0, 10), spec)?.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotReadable);
    expect((error as NotReadable).cause).toMatchObject({ code, message: expect.stringMatching(text) });
  });
});

describe("the bounds that are remembered of sources", () => {
  const bounds = (end: string): OffsetBounds => ({
    earliest: { "0": "0" },
    latest: { "0": end },
    incarnation: "first",
    at: T0,
  });
  const topic = (name: string): typeof SOURCE => ({ ...SOURCE, topic: name });

  it("are those that were asked for last, in whatever order the answers arrive", async () => {
    const recent = new RecentBounds(clock);
    let answer: (bounds: OffsetBounds) => void = () => {};
    const earlier = recent.ask(
      SOURCE,
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await recent.ask(SOURCE, async () => bounds("20"));
    answer(bounds("10"));
    expect(await earlier).toEqual(bounds("10"));
    expect(recent.known(SOURCE)).toEqual(bounds("20"));
  });

  it("are as old as the question for them", async () => {
    const recent = new RecentBounds(clock);
    await recent.ask(SOURCE, async () => {
      clock.set(T0 + 5 * SECOND);
      return bounds("10");
    });
    expect(await recent.recent(SOURCE, async () => bounds("20"))).toEqual(bounds("20"));
  });

  it("are those of the sources that were asked last, if there are too many", async () => {
    const recent = new RecentBounds(clock, 2);
    for (const name of ["a", "b", "a", "c"]) await recent.ask(topic(name), async () => bounds("10"));
    const known = ["a", "b", "c"].filter((name) => recent.known(topic(name)) !== undefined);
    expect(known).toEqual(["a", "c"]);
  });
});
