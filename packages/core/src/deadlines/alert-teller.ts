import type { Clock } from "../clock/clock.js";
import type { TidegateEmitter } from "../events/events.js";
import type { KeptDeadline } from "../store/deadline-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { alertsOf, eventOf } from "./alerts.js";

/** How long a manager has to tell what it has written before others do, ms. */
export const TELLING_MS = 30_000;

/** Most alerts of one batch. */
const BATCH = 500;

/** The events of what is missed at first. */
const LOST = { freshness: "freshness-lost", data: "data-missing" } as const;

interface AlertTellerParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
}

/**
 * Tells listeners what has become of deadlines. A record's state is written together with the fact that it is
 * still to be told; a manager that is killed in between leaves the telling to the next.
 */
export class AlertTeller {
  readonly #parts: AlertTellerParts;

  constructor(parts: AlertTellerParts) {
    this.#parts = parts;
  }

  /** Tells the states of records that this manager has just written, or has claimed to tell. */
  async tell(records: readonly KeptDeadline[]): Promise<void> {
    const untold = records.filter(({ tellAt }) => tellAt !== null);
    for (const record of untold) {
      for (const alert of alertsOf(record)) this.#emit(record, alert);
    }
    if (untold.length === 0) return;
    const notes = untold.map((record) => ({ record, told: record.state, tellAt: null }));
    await this.#parts.store.noteAlerts(notes);
  }

  /** Tells what other managers have left. Returns whether there may be more. */
  async tellLeft(): Promise<boolean> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    const left = await store.listAlerts({ before: now, limit: BATCH });
    if (left.length === 0) return false;
    const tellAt = now + TELLING_MS;
    const claims = left.map((record) => ({ record, told: record.told, tellAt }));
    const isMine = await store.noteAlerts(claims);
    await this.tell(left.filter((_, index) => isMine[index]).map((record) => ({ ...record, tellAt })));
    return left.length === BATCH;
  }

  #emit(record: KeptDeadline, alert: ReturnType<typeof alertsOf>[number]): void {
    const { emitter } = this.#parts;
    const event = eventOf(record, alert);
    if (record.subject === "interval") emitter.emit(`deadline-${alert}`, event);
    else if (record.subject === "headroom") {
      if (alert === "at-risk") emitter.emit("offsets-expiring", event);
    } else if (alert === "missed") emitter.emit(LOST[record.subject], event);
    else if (alert === "recovered") emitter.emit(`${record.subject}-recovered`, event);
  }
}
