import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";
import type { RunReason, ScheduleInfo } from "@tidegate/core";
import type { ScheduleStore } from "@tidegate/core/store";
import { type JobRecord, judgeRecording, type Span, until, type Verdict } from "@tidegate/testkit";
import { RecordingTail } from "./recording-tail.js";
import { repetitionsIn } from "./repetitions.js";

/** `manager.mjs` in one file, as the build has made it: managers start again and again, and loading is most of a start. */
const MANAGER = fileURLToPath(new URL("../dist/manager.js", import.meta.url));

/** Longer than any work of a scene takes. */
const PATIENCE_MS = 120_000;

/** Where in its work a manager kills itself. */
export type Point =
  | "taken"
  | "planned"
  | "submitted"
  | "unrecorded"
  | "recorded"
  | "asked"
  | "settled"
  | "claimed";

/** What managers are made of, and how a test looks into their ledger. */
export interface Deployment {
  /** Options of their parts, as `manager.mjs` reads them. */
  readonly parts: object;
  readonly openStore: () => Promise<ScheduleStore>;
}

/** How the service behaves that carries out the jobs. Ratios are from 0 to 1. @default 0 for each */
export interface Conduct {
  /** How long an answer takes at the most, twice for a submission, ms. */
  readonly slownessMs?: number;
  /** How long a job goes on at the most after it was taken, ms; most are much shorter. */
  readonly longestJobMs?: number;
  readonly refuses?: number;
  readonly losesAnswer?: number;
  /** Jobs that fail. */
  readonly losesJob?: number;
  readonly cannotFind?: number;
  readonly cannotStop?: number;
  /** Merges of shards whose answer is lost. */
  readonly losesMerge?: number;
}

export interface SceneOptions {
  readonly groups: number;
  /** How long each schedule goes on; `undefined`: until `finish`. */
  readonly seconds?: number;
  readonly conduct?: Conduct;
  /** What the schedule of a group has beside its period of one second. @default three overlap policies in turn */
  readonly settings?: (index: number) => Partial<ScheduleInfo>;
  /** Of a directory that is the scene's. */
  readonly deployment: (directory: string) => Deployment;
}

const CONDUCT: Conduct = { slownessMs: 50, refuses: 0.05, losesAnswer: 0.05 };

/** Managers of the same schedules over one directory with the jobs' service and the recording of what it was asked. */
export class Scene {
  readonly #directory = mkdtempSync(join(tmpdir(), "tidegate-faults-"));
  readonly #options: SceneOptions;
  readonly #deployment: Deployment;
  readonly #schedules: readonly ScheduleInfo[];
  readonly #managers: ChildProcess[] = [];
  readonly #recording = new RecordingTail(join(this.#directory, "jobs.jsonl"));

  constructor(options: SceneOptions) {
    this.#options = options;
    this.#deployment = options.deployment(this.#directory);
    this.#schedules = schedulesOf(options);
  }

  /** When all schedules begin, epoch ms. */
  get startTime(): number {
    return Number(this.#schedules[0]!.startTime);
  }

  get groupIds(): readonly string[] {
    return this.#schedules.map(({ groupId }) => groupId);
  }

  /** A manager in a process of its own; it ends by itself with 0 when all schedules are complete. */
  startManager({
    name = `manager-${this.#managers.length}`,
    parts = {},
    dieAt,
  }: {
    readonly name?: string;
    /** In the place of the deployment's. */
    readonly parts?: object;
    readonly dieAt?: { readonly point: Point; readonly ratio: number };
  } = {}): ChildProcess {
    const plan = {
      directory: this.#directory,
      name,
      schedules: this.#schedules,
      conduct: { ...CONDUCT, ...this.#options.conduct },
      parts: { ...this.#deployment.parts, ...parts },
      dieAt,
    };
    const manager = fork(MANAGER, [JSON.stringify(plan)], { execArgv: [] });
    this.#managers.push(manager);
    return manager;
  }

  /** All that the service was asked and answered so far. */
  records(): readonly JobRecord[] {
    return this.#recording.records();
  }

  /** How many jobs have been submitted so far, by all managers or one. */
  submissions(name?: string): number {
    return this.records().filter(
      ({ event, writer }) => event === "submit" && (name === undefined || writer === name),
    ).length;
  }

  /** Which shards were published, by run, in order: a run is there once more for each time that it was merged again. */
  get published(): { readonly runId: string; readonly published: readonly string[] }[] {
    return this.#lines(join("jobs", "published.log")).map((line) => JSON.parse(line));
  }

  /** At which points managers have killed themselves. */
  get deaths(): string[] {
    return this.#lines("deaths.log");
  }

  /** What managers have reported. */
  get troubles(): string[] {
    return this.#lines("trouble.log");
  }

  /** Waits until so many more jobs were submitted. */
  async untilSubmitted(more: number, name?: string): Promise<void> {
    const wanted = this.submissions(name) + more;
    await until(() => this.submissions(name) >= wanted, {
      what: `${more} more submissions`,
      limitMs: PATIENCE_MS,
    });
  }

  /** Waits until a manager has ended by itself. */
  untilDone(manager: ChildProcess): Promise<void> {
    return untilDone(manager);
  }

  /**
   * Fails unless the recording shows that each interval was covered exactly once, and the ledger agrees with it.
   *
   * @param mayRepeat - a job may be submitted once more while its first submission hangs; its key then keeps it from having
   *   its effect twice
   * @param skippedFor - reasons for which an interval may have been skipped instead
   */
  async expectEachIntervalOnce({
    mayRepeat = false,
    skippedFor = [],
  }: {
    readonly mayRepeat?: boolean;
    readonly skippedFor?: readonly RunReason[];
  } = {}): Promise<void> {
    if (!mayRepeat) expect(repetitionsIn(this.records())).toEqual([]);
    const store = await this.#deployment.openStore();
    try {
      for (const groupId of this.groupIds) {
        const [schedule] = await store.getSchedules([groupId]);
        const range = { lower: schedule!.spec.startTime, upper: schedule!.spec.endTime! };
        const givenUp = await skippedIn(store, groupId, skippedFor);
        const verdict = judgeRecording(this.records(), { groupId, range, givenUp });
        expect({ groupId, ...faultsOf(verdict) }).toEqual({ groupId, doubled: [], gaps: [], doubtful: [] });
        const succeeded = (await store.coverage(groupId)).filter(({ state }) => state === "SUCCEEDED");
        expect(spansOf(succeeded)).toEqual(verdict.once);
      }
    } finally {
      await store.close();
    }
  }

  /** Ends what still runs and removes the directory. */
  async remove(): Promise<void> {
    await Promise.all(this.#managers.map(endProcess));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #lines(name: string): string[] {
    const path = join(this.#directory, name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  }
}

function schedulesOf({ groups, seconds, settings = threePolicies }: SceneOptions): ScheduleInfo[] {
  const startTime = Math.ceil(Date.now() / 1_000) * 1_000;
  return Array.from({ length: groups }, (_, index) => ({
    groupId: `group-${index}`,
    trigger: { type: "period", every: 1, unit: "second" },
    startTime,
    endTime: seconds === undefined ? null : startTime + seconds * 1_000,
    maxAttempts: 1_000,
    backoff: { initialMs: 20, maxMs: 100 },
    ...settings(index),
  }));
}

function threePolicies(index: number): Partial<ScheduleInfo> {
  const overlap = (["coalesce-pending", "allow", "queue"] as const)[index % 3]!;
  return { overlap, engineGraceMs: 2_000 };
}

async function skippedIn(
  store: ScheduleStore,
  groupId: string,
  reasons: readonly RunReason[],
): Promise<Span[]> {
  if (reasons.length === 0) return [];
  const skipped: Span[] = [];
  let cursor: string | undefined;
  do {
    const page = { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) };
    const { items, next } = await store.listRuns({ groupId, states: ["SKIPPED"], reasons }, page);
    skipped.push(...items);
    cursor = next;
  } while (cursor !== undefined);
  return skipped;
}

/** What a verdict holds against the managers, short enough to be read. */
function faultsOf({ doubled, gaps, doubtful }: Verdict): Pick<Verdict, "doubled" | "gaps" | "doubtful"> {
  return { doubled: doubled.slice(0, 5), gaps: gaps.slice(0, 5), doubtful: doubtful.slice(0, 5) };
}

/** Merges adjacent spans. */
function spansOf(parts: readonly Span[]): Span[] {
  const spans: { lower: number; upper: number }[] = [];
  for (const { lower, upper } of [...parts].sort((a, b) => a.lower - b.lower)) {
    const last = spans.at(-1);
    if (last !== undefined && lower <= last.upper) last.upper = Math.max(last.upper, upper);
    else spans.push({ lower, upper });
  }
  return spans;
}

/** Waits until a process has ended by itself; fails if it has not ended well. */
export async function untilDone(process: ChildProcess): Promise<void> {
  if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
  expect(process.exitCode).toBe(0);
}

/** Kills a process as a power cut does; resolves when it is gone. */
export async function endProcess(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, "exit");
  process.kill("SIGKILL");
  await exited;
}
