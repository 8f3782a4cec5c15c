import type { AuditReport, Run, Schedule } from "@tidegate/core";
import type { ScheduleStore } from "@tidegate/core/store";
import type { Policies } from "./history.js";

/** The only group of a history: with another one, its fires would wake what sleeps too long. */
export const GROUP = "orders";

/** Where histories keep their ledger. */
export interface StageStore {
  readonly store: ScheduleStore;
  /** Turns of the event loop until what is written has been answered. */
  readonly turns: number;
  /** The store as the next process opens it; `isClosed` if the one before closed it in an orderly way. */
  reopen(isClosed: boolean): Promise<ScheduleStore>;
  dispose(): Promise<void>;
}

/** The history broke a rule while it was played. */
export class BrokenLaw extends Error {
  readonly law: string;

  constructor(law: string, detail: string) {
    super(`${law}: ${detail}`);
    this.law = law;
  }
}

/** @throws BrokenLaw unless the law is held */
export function demand(isHeld: boolean, law: string, detail: () => string): void {
  if (!isHeld) throw new BrokenLaw(law, detail());
}

/** Returns an instant as people read it. */
export const iso = (instant: number): string => new Date(instant).toISOString().replace(/:00\.000Z$/, "Z");

/** What people have asked for since the ledger began. */
export interface Intents {
  /** Runs that a person has cancelled, by id. */
  readonly cancelledRuns: Set<string>;
  /** The schedule was unregistered at some time. */
  hasUnregistered: boolean;
  /** Backfills that run everything of their range again. */
  readonly backfills: Set<string>;
  /** All settings that the schedule had, newest last. */
  readonly settings: Policies[];
}

/** Nothing has happened yet but a registration. */
export const noIntents = (policies: Policies): Intents => ({
  cancelledRuns: new Set(),
  /** The schedule was unregistered at some time. */
  hasUnregistered: false,
  backfills: new Set(),
  settings: [policies],
});

/** The schedule, its runs and its audit at one moment. */
export interface Snapshot {
  readonly now: number;
  readonly schedule: Schedule;
  readonly runs: readonly Run[];
  readonly audit: AuditReport;
}

/** Whether a person asked for the interval once more, whatever had become of it. */
export function isRepeated({ kind, backfillId }: Run, { backfills }: Intents): boolean {
  return kind === "MANUAL" || (backfillId !== null && backfills.has(backfillId));
}
