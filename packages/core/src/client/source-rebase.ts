import type { z } from "zod";
import type { Clock } from "../clock/clock.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { ScheduleError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { JsonObject } from "../job/json.js";
import type { OffsetProviders, OffsetSource } from "../offset/offset-providers.js";
import type { StartAt } from "../offset/offset-watermark.js";
import { startAtSchema } from "../offset/schema.js";
import { nextFireAt } from "../planning/plan-decision.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import { isAhead, type SourceLooks } from "../planning/source-looks.js";
import { Grid } from "../schedule/grid.js";
import { parseJob } from "../schedule/parse.js";
import type { Schedule } from "../schedule/schedule.js";
import { offsetSourceSchema } from "../schedule/schema.js";
import { transition } from "../schedule/status.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import { mayHaveRows } from "./first-copy.js";
import { checkNote } from "./ledger-input.js";
import { importedOffsets, type OffsetImport } from "./offset-import.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { Seals } from "./seals.js";
import { checkStart } from "./source-fields.js";
import type { SpecReader } from "./spec-reader.js";

/** A request to read a group's source from elsewhere. */
export interface RebaseRequest {
  /** The first positions to read; `latest` is that of now, and an instant must not be still to come. */
  readonly startAt: StartAt;
  /** The source that is read from then on. @default the one that the schedule has */
  readonly source?: OffsetSource;
  /** The job from then on: one that names its source has to change together with it. @default the one that the schedule has */
  readonly job?: JsonObject;
  /** Why, for people, at most 2,000 characters. @default "" */
  readonly note?: string;
  /** With snapshots, makes a copy of the new reading although it writes sealed time again. @default false */
  readonly force?: boolean;
}

/** Dependencies of `SourceRebase`. */
export interface SourceRebaseParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly providers: OffsetProviders;
  readonly looks: SourceLooks;
  readonly specs: SpecReader;
  readonly changes: ScheduleChanges;
  readonly dispatcher: Dispatcher;
  readonly seals: Seals;
}

/** Begins another reading of a group's source. */
export class SourceRebase {
  readonly #parts: SourceRebaseParts;

  constructor(parts: SourceRebaseParts) {
    this.#parts = parts;
  }

  async rebase(
    groupId: string,
    { startAt, source, job, note = "", force = false }: RebaseRequest,
  ): Promise<Schedule> {
    const { changes, clock, dispatcher, looks, providers, seals, specs } = this.#parts;
    checkNote(note);
    const before = await changes.getReadable(groupId);
    const { offsets } = before;
    if (before.spec.source === null) {
      throw new ScheduleError(
        "SCHEDULE_INVALID",
        `groupId: group ${groupId} is read by time; only one with boundaryType "OFFSET" can be rebased.`,
        { field: "groupId" },
      );
    }
    const status = transition(groupId, before.status, "update");
    const start = parsed("startAt", startAtSchema, startAt);
    const spec = {
      ...before.spec,
      source: parsed("source", offsetSourceSchema, source ?? before.spec.source),
      job: job === undefined ? before.spec.job : parseJob(job),
    };
    if (source !== undefined || job !== undefined) specs.checkReading(spec);
    const copied: Interval[] = [];
    if (hasSnapshots(spec)) {
      const { origin, watermark } = before;
      const hasRows = await mayHaveRows(this.#parts.store, groupId);
      specs.checkCopies(spec, hasRows ? (job === undefined ? "groupId" : "job") : undefined);
      copied.push({ lower: origin, upper: watermark });
      await seals.refuse(before, copied, "groupId", { force });
    }
    checkStart(providers.get(spec.source.type), start);
    if (isAhead(start, clock.now())) {
      const problem = "is still to come: rebase the group then, or give the positions at which to begin";
      throw new ScheduleError("SCHEDULE_INVALID", `startAt.time: ${problem}.`, { field: "startAt.time" });
    }
    const rebase = {
      at: clock.now(),
      note,
      incarnation: offsets?.incarnation ?? null,
      position: offsets?.position ?? {},
    };
    const begun = await looks.begin(
      { source: spec.source, startAt: start },
      { epoch: offsets?.epoch ?? 0, rebase },
    );
    await looks.hold(spec, begun);
    await dispatcher.stopPlanned(groupId);
    const change = {
      status,
      statusReason: before.status === "PAUSED" ? before.statusReason : null,
      // A version of its own, so that no plan that was made for the former positions is accepted.
      spec: { spec, tzdata: tzdataVersion() },
      nextFireAt: nextFireAt(new Grid(spec), before.watermark),
      cancelPlanned: "source-rebased",
      offsets: hasSnapshots(spec) ? { ...begun, needsSnapshot: true } : begun,
    } as const;
    const isChanged = await seals.write(before, copied, "groupId", { force }, (read) =>
      changes.tryChange(before, { ...change, ...read }),
    );
    if (!isChanged) await changes.refuse(before);
    // The store has requested it of whoever has active ones; those of this manager need not wait until it looks.
    await dispatcher.cancelReadings(groupId, begun.epoch);
    return changes.deliver(groupId);
  }

  /** Begins to read where another tool stands. */
  async importOffsets(groupId: string, request: OffsetImport): Promise<Schedule> {
    const { spec } = await this.#parts.changes.getReadable(groupId);
    const tool = Object.keys(request).find((field) => field.endsWith("State"));
    const from = tool === undefined ? "another reader" : tool.slice(0, -"State".length);
    const { note = `Taken over from ${from}.`, force = false } = request;
    // A group that is read by time is refused below.
    const offsets = importedOffsets(request, spec.source ?? { type: "none" });
    return this.rebase(groupId, { startAt: { offsets }, note, force });
  }
}

/** @throws ScheduleError SCHEDULE_INVALID with the field */
function parsed<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data as T;
  const { message, path } = error.issues[0]!;
  const field = [name, ...path].join(".");
  throw new ScheduleError("SCHEDULE_INVALID", `${field}: ${message}.`, { field });
}
