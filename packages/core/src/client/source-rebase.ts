import type { Clock } from "../clock/clock.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { ScheduleError } from "../errors/errors.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import type { StartAt } from "../offset/offset-watermark.js";
import { startAtSchema } from "../offset/schema.js";
import { nextFireAt } from "../planning/plan-decision.js";
import type { SourceLooks } from "../planning/source-looks.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { transition } from "../schedule/status.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import { checkNote } from "./ledger-input.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import { checkStart } from "./source-fields.js";

/** A request to read a group's source from elsewhere. */
export interface RebaseRequest {
  /** Where reading begins; `latest` is that of now. */
  readonly startAt: StartAt;
  /** Why, for people, at most 2,000 characters. @default "" */
  readonly note?: string;
}

/** Dependencies of `SourceRebase`. */
export interface SourceRebaseParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly providers: OffsetProviders;
  readonly looks: SourceLooks;
  readonly changes: ScheduleChanges;
  readonly dispatcher: Dispatcher;
}

/** Begins another reading of a group's source. */
export class SourceRebase {
  readonly #parts: SourceRebaseParts;

  constructor(parts: SourceRebaseParts) {
    this.#parts = parts;
  }

  async rebase(groupId: string, { startAt, note = "" }: RebaseRequest): Promise<Schedule> {
    const { changes, clock, dispatcher, looks, providers } = this.#parts;
    checkNote(note);
    const before = await changes.getReadable(groupId);
    const { spec, offsets } = before;
    if (spec.source === null) {
      throw new ScheduleError(
        "SCHEDULE_INVALID",
        `groupId: group ${groupId} is read by time; only one with boundaryType "OFFSET" can be rebased.`,
        { field: "groupId" },
      );
    }
    const status = transition(groupId, before.status, "update");
    const parsed = startAtSchema.safeParse(startAt);
    if (!parsed.success) {
      const message = `startAt: ${parsed.error.issues[0]!.message}.`;
      throw new ScheduleError("SCHEDULE_INVALID", message, { field: "startAt" });
    }
    checkStart(providers.get(spec.source.type), parsed.data);
    const rebase = {
      at: clock.now(),
      note,
      incarnation: offsets?.incarnation ?? null,
      position: offsets?.position ?? {},
    };
    const begun = await looks.begin(
      { source: spec.source, startAt: parsed.data },
      { epoch: offsets?.epoch ?? 0, rebase },
    );
    await looks.hold(spec, begun.position);
    await dispatcher.stopPlanned(groupId);
    await changes.change(before, {
      status,
      statusReason: before.status === "PAUSED" ? before.statusReason : null,
      // A version of its own, so that no plan that was made for the former positions is accepted.
      spec: { spec, tzdata: tzdataVersion() },
      nextFireAt: nextFireAt(new Grid(spec), before.watermark),
      cancelPlanned: "source-rebased",
      offsets: begun,
    });
    await this.#cancelActive(groupId, begun.epoch);
    return changes.deliver(groupId);
  }

  /** Another attempt of a run that is active would read the former positions. */
  async #cancelActive(groupId: string, epoch: number): Promise<void> {
    const { store, dispatcher } = this.#parts;
    const filter = { groupId, states: ["SUBMITTING", "RUNNING"] } as const;
    for await (const run of eachRun(store, filter))
      if (run.offsets !== null && run.offsets.epoch < epoch) await dispatcher.cancel(run, "source-rebased");
  }
}
