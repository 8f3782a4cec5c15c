import { randomBytes } from "node:crypto";
import type { Clock } from "../clock/clock.js";
import { ConfigurationError, messageOf, OperatorError, ScheduleError } from "../errors/errors.js";
import type { Gate } from "../gate/gate.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import { canSplit } from "../operator/can-split.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { nextFireAt } from "../planning/plan-decision.js";
import type { ReadinessProbe } from "../probe/probe.js";
import { refuseEarlyDeadline } from "../schedule/deadline-times.js";
import { checkDependencies } from "../schedule/dependencies-of.js";
import { isBuiltInGate } from "../schedule/gates-of.js";
import { Grid } from "../schedule/grid.js";
import { laneWidth, normalizeSchedule, type SpecDefaults } from "../schedule/normalize.js";
import { parseScheduleInfo } from "../schedule/parse.js";
import type { Schedule, ScheduleInfo, ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { NewSchedule } from "../store/schedule-table.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import type { EngineRegistry } from "../upkeep/engine-registry.js";
import { refuseLateCopy } from "./first-copy.js";
import { checkMode, modeNotes, refuseSecondCopy } from "./mode-fields.js";
import { checkSource, refuseOtherSource } from "./source-fields.js";

/** Enough to give every ledger of a group a unique name. */
const INCARNATION_BYTES = 8;

/** Dependencies of `SpecReader`. */
export interface SpecReaderParts {
  readonly clock: Clock;
  readonly engines: EngineRegistry;
  /** By lower-case type, in the order given. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  /** By type. */
  readonly gates: ReadonlyMap<string, Gate>;
  readonly probes: readonly ReadinessProbe[];
  readonly providers: OffsetProviders;
}

/** Reads user input and validates it against the engine and the operator that it names. Stores nothing. */
export class SpecReader {
  readonly #parts: SpecReaderParts;

  constructor(parts: SpecReaderParts) {
    this.#parts = parts;
  }

  /**
   * Returns the specification that a user's input describes.
   *
   * @param before - the specification it replaces, which supplies omitted fields that cannot change
   */
  read(info: ScheduleInfo<object>, before?: ScheduleSpec): ScheduleSpec {
    return this.#read(info, {
      engine: before?.engine ?? this.#defaultEngine(),
      operator: before?.operator ?? this.#defaultOperator(),
      ...(before === undefined ? {} : { before }),
    });
  }

  /**
   * Returns the specification of a group that is registered again. If it names no start, it keeps its
   * previous one, so that its ledger continues at the watermark.
   */
  readAgain(info: ScheduleInfo<object>, before: ScheduleSpec): ScheduleSpec {
    return this.#read(info, { engine: this.#defaultEngine(), operator: this.#defaultOperator(), before });
  }

  #read(info: ScheduleInfo<object>, defaults: Omit<SpecDefaults, "now">): ScheduleSpec {
    const now = this.#parts.clock.now();
    const meant = normalizeSchedule(parseScheduleInfo(info), { ...defaults, now });
    const spec = { ...meant, engine: this.#parts.engines.typeOf(meant.engine) };
    this.#checkEngine(spec);
    this.checkReading(spec);
    this.checkCopies(spec, undefined);
    this.#checkGates(spec);
    refuseEarlyDeadline(spec, now);
    this.#checkProbes(spec);
    checkDependencies(spec);
    return spec;
  }

  /**
   * Checks a specification's job and source, and that the one reads the other.
   *
   * @throws OperatorError OPERATOR_UNKNOWN, or what the operator refuses the job with; ScheduleError SCHEDULE_INVALID;
   *   SourceError SOURCE_UNKNOWN
   */
  checkReading(spec: ScheduleSpec): void {
    this.#checkOperator(spec);
    const { providers, operators } = this.#parts;
    checkSource(spec, providers, operators.get(spec.operator.toLowerCase()));
  }

  /**
   * Checks that a specification's snapshots and increments write no row twice.
   *
   * @param again - the field that asks for another copy of a target that has rows already, if one does
   * @throws ScheduleError SCHEDULE_INVALID, HANDOVER_WOULD_DOUBLE, with the field
   */
  checkCopies(spec: ScheduleSpec, again: string | undefined): void {
    const operator = this.#parts.operators.get(spec.operator.toLowerCase());
    checkMode(spec, operator);
    if (again !== undefined) refuseSecondCopy(again, spec, operator);
  }

  /**
   * Returns the notes of the operator on the job, and of the provider on the source, in plain sentences; none if one
   * of them does not know it (any more).
   */
  notesOn(spec: ScheduleSpec): readonly string[] {
    const { operator, job, source } = spec;
    const { operators, providers } = this.#parts;
    try {
      const { type, ...fields } = source ?? { type: "" };
      const ofSource = source == null ? [] : (providers.find(type)?.notesOn?.(fields) ?? []);
      const known = operators.get(operator.toLowerCase());
      return [...modeNotes(spec, known), ...(known?.notesOn?.(job) ?? []), ...ofSource];
    } catch {
      // The runs report why a job that was accepted once is refused now.
      return [];
    }
  }

  /**
   * Refuses what would make a ledger stand for other data than it says.
   *
   * @throws ScheduleError SCHEDULE_INVALID
   */
  refuseOtherData(before: Schedule, spec: ScheduleSpec): void {
    refuseOtherBoundaries(before, spec);
    refuseOtherSource(before, spec, this.#parts.providers);
  }

  /** See `refuseLateCopy`. @throws ScheduleError HANDOVER_WOULD_DOUBLE */
  refuseLateCopy(
    store: Pick<ScheduleStore, "listRuns">,
    before: Schedule,
    spec: ScheduleSpec,
  ): Promise<void> {
    return refuseLateCopy(store, before, spec, this.#parts.operators.get(spec.operator.toLowerCase()));
  }

  /** Returns the record to store for a schedule whose ledger begins. */
  begin(spec: ScheduleSpec): NewSchedule {
    const grid = new Grid(spec);
    const origin = grid.origin();
    if (origin === undefined) {
      throw new ScheduleError("SCHEDULE_INVALID", "trigger: has no interval between startTime and endTime.", {
        field: "trigger",
      });
    }
    const { holdsDefinitions } = this.#parts.engines.clientOf(spec.engine).capabilities;
    return {
      spec,
      // An engine that reads the store knows the schedule as soon as it is stored.
      status: holdsDefinitions ? "REGISTERING" : "REGISTERED",
      incarnation: randomBytes(INCARNATION_BYTES).toString("hex"),
      origin,
      watermark: origin,
      nextFireAt: nextFireAt(grid, origin),
      laneWidth: laneWidth(spec),
      tzdata: tzdataVersion(),
      createdAt: this.#parts.clock.now(),
    };
  }

  #defaultEngine(): string {
    const type = this.#parts.engines.defaultType;
    if (type !== undefined) return type;
    throw new ConfigurationError("CONFIGURATION_INVALID", "No engine is registered.", { field: "engines" });
  }

  #defaultOperator(): string {
    const [first] = this.#parts.operators.values();
    if (first !== undefined) return first.operatorType;
    throw new ConfigurationError("CONFIGURATION_INVALID", "No operator is registered.", {
      field: "operators",
    });
  }

  #checkEngine(spec: ScheduleSpec): void {
    const { finestPeriodMs } = this.#parts.engines.clientOf(spec.engine).capabilities;
    const grid = new Grid(spec);
    const origin = grid.origin();
    const first = origin === undefined ? undefined : grid.next(origin);
    const second = first === undefined ? undefined : grid.next(first.upper);
    const width = second === undefined ? undefined : second.upper - second.lower;
    if (width === undefined || width >= finestPeriodMs || second?.upper === spec.endTime) return;
    throw new ScheduleError(
      "SCHEDULE_INVALID",
      `trigger: engine ${spec.engine} cannot fire more often than every ${finestPeriodMs} ms; this one would every ${width} ms.`,
      { field: "trigger" },
    );
  }

  #checkOperator(spec: ScheduleSpec): void {
    const operator = this.#parts.operators.get(spec.operator.toLowerCase());
    if (operator === undefined) {
      const known = [...this.#parts.operators.keys()].join(", ") || "none";
      throw new OperatorError(
        "OPERATOR_UNKNOWN",
        `No operator "${spec.operator}" is registered; known: ${known}.`,
        { field: "operator" },
      );
    }
    operator.validate?.(spec.job);
    if (spec.verify != null) requireVerification(operator, spec);
    if (spec.shards === null || canSplit(operator, spec.job)) return;
    const why = operator.cannotSplit?.(spec.job);
    const because = why === undefined ? "" : `: ${why}`;
    throw new ScheduleError(
      "SCHEDULE_INVALID",
      `shards: operator ${operator.operatorType} cannot split this job${because}; leave out shards, or set it to null.`,
      { field: "shards" },
    );
  }

  #checkProbes({ ready }: ScheduleSpec): void {
    const { probes } = this.#parts;
    for (const [index, { type, ...spec }] of ready.entries()) {
      const probe = probes.find(({ probeType }) => probeType === type);
      if (probe === undefined) {
        const known = probes.map(({ probeType }) => probeType).join(", ") || "none";
        const field = `ready.${index}.type`;
        throw new ScheduleError(
          "PROBE_UNKNOWN",
          `${field}: no probe "${type}" is installed; known: ${known}.`,
          {
            field,
          },
        );
      }
      try {
        probe.validate?.(spec);
      } catch (cause) {
        const field = `ready.${index}${fieldOf(cause)}`;
        throw new ScheduleError("SCHEDULE_INVALID", `${field}: ${messageOf(cause)}`, { field, cause });
      }
    }
  }

  #checkGates({ gates }: ScheduleSpec): void {
    for (const [type, settings] of Object.entries(gates)) {
      const field = `gates.${type}`;
      const gate = isBuiltInGate(type) ? undefined : this.#parts.gates.get(type);
      if (gate === undefined) {
        const known = [...this.#parts.gates.keys()].filter((one) => !isBuiltInGate(one));
        throw new ScheduleError(
          "GATE_UNKNOWN",
          `${field}: no gate "${type}" is installed; known: ${known.join(", ") || "none"}.`,
          { field },
        );
      }
      try {
        gate.validate?.(settings);
      } catch (cause) {
        throw new ScheduleError("SCHEDULE_INVALID", `${field}: ${messageOf(cause)}`, { field, cause });
      }
    }
  }
}

/** Returns the path of the field that an error names; empty if it names none. */
function fieldOf(error: unknown): string {
  const field = (error as { field?: unknown } | null)?.field;
  return typeof field === "string" && field !== "" ? `.${field}` : "";
}

/** Returns the group that an input names; empty if it is malformed. */
export function groupIdOf(info: unknown): string {
  const groupId = (info as { groupId?: unknown } | null)?.groupId;
  return typeof groupId === "string" ? groupId : "";
}

/** @throws ScheduleError SCHEDULE_INVALID if the operator cannot count what the rule compares */
function requireVerification(operator: ScheduleOperator, { job, verify, shards }: ScheduleSpec): void {
  const problem =
    operator.verify === undefined
      ? `the operator "${operator.operatorType}" cannot count rows`
      : shards != null
        ? "the rows of a run in shards cannot be counted; leave out shards or verify"
        : operator.cannotVerify?.(job, verify?.checksum ?? false);
  if (problem === undefined) return;
  throw new ScheduleError("SCHEDULE_INVALID", `verify: ${problem}.`, { field: "verify" });
}

/**
 * Refuses another measure of a ledger's data: what was read by one says nothing about the other.
 *
 * @throws ScheduleError SCHEDULE_INVALID
 */
function refuseOtherBoundaries({ spec, unreadable }: Schedule, { boundaryType }: ScheduleSpec): void {
  if (unreadable !== null || spec.boundaryType === boundaryType) return;
  throw new ScheduleError(
    "SCHEDULE_INVALID",
    `boundaryType: the ledger of group ${spec.groupId} is one of ${spec.boundaryType}, which cannot be changed; use another group, or purge this one first.`,
    { field: "boundaryType" },
  );
}
