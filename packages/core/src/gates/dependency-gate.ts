import type { EpochMs } from "../clock/clock.js";
import { leavesOf } from "../dependency/dependency.js";
import { pastRequirement, type Requirement, requirementOf } from "../dependency/requirement.js";
import {
  type Finding,
  together,
  type Unmet,
  type Verdict,
  verdictOn,
  verdictOnTree,
} from "../dependency/verdict.js";
import type { Gate, GateAnswer, GateContext, GateRequest } from "../gate/gate.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, intersect, measure, toSet } from "../interval/interval-set.js";
import { openHandOvers } from "../planning/hand-overs.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import { restatedTime, timeToRunAgain } from "../planning/restated-time.js";
import type { RunInput, UnmetDependency } from "../run/run.js";
import { windowCalendarOf } from "../schedule/dependencies-of.js";
import { DEPENDENCIES } from "../schedule/gates-of.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { MissingTimeQuery } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/**
 * When a run is asked about again that nothing has woken, ms. The store wakes it when a run ends that it may
 * wait for, so this only finds what no end of a run announces, such as a ledger whose beginning was moved.
 */
const SWEEP_MS = 15 * 60_000;

/** The same while it waits for what wakes nothing: for a group's registration, or for a backfill, which may be cancelled. */
const SILENT_SWEEP_MS = 60_000;

/** Most intervals of missing time that a run's wait lists for each dependency. */
const MOST_LISTED = 100;

/** The part of a store that the dependency gate reads. */
export type DependencyLedgers = Pick<
  ScheduleStore,
  "getSchedules" | "missingTime" | "generationDigests" | "listBackfills" | "listRuns"
>;

/** The requirements of a run, and the groups that they ask. */
interface Question {
  readonly request: GateRequest;
  readonly spec: ScheduleSpec;
  /** Of the tree, in the order in which it is written, and then of the group's own past. */
  readonly requirements: readonly Requirement[];
}

/**
 * The built-in gate for dependencies by coverage: see `ScheduleInfo.dependsOn`. It asks the ledgers what they
 * do not cover, so an event that is lost costs nothing but time.
 */
export class DependencyGate implements Gate {
  readonly gateType = DEPENDENCIES;
  readonly #store: () => DependencyLedgers;

  /** @param store - returns the store that holds all groups */
  constructor(store: () => DependencyLedgers) {
    this.#store = store;
  }

  async check(requests: readonly GateRequest[], { now }: GateContext): Promise<readonly GateAnswer[]> {
    const groups = await this.#schedulesOf(requests);
    const questions = requests.map((request) => questionOf(request, groups));
    const findings = await this.#find(questions, groups);
    const answers = questions.map((question) => {
      const since = question.request.heldSince;
      const verdicts = question.requirements.map((asked) => verdictOn(findings.get(asked)!, since, now));
      const isMarked = question.request.isMarked === true;
      const read = readBy(question, verdicts, isMarked).map((requirement) => findings.get(requirement)!);
      if (isMarked) return { answer: { isOpen: true } as const, read };
      return { answer: answerOf(verdictOnAll(question.spec, verdicts), groups, now), read };
    });
    const inputs = await this.#inputsOf(answers.flatMap(({ answer, read }) => (answer.isOpen ? read : [])));
    return answers.map(({ answer, read }) => {
      if (!answer.isOpen || read.length === 0) return answer;
      return { isOpen: true, inputs: read.map((finding) => inputs.get(finding)!) };
    });
  }

  /**
   * Returns what runs are about to read. Coverage is taken away only with a whole ledger, so that time which
   * was covered before the digests were read is covered by what they digest.
   */
  async #inputsOf(findings: readonly Finding[]): Promise<ReadonlyMap<Finding, RunInput>> {
    if (findings.length === 0) return new Map();
    const windows = findings.map(({ requirement: { groupId, window } }) => ({ groupId, ...window }));
    const digests = await this.#store().generationDigests(windows);
    const notAwaited = await this.#notAwaited(findings);
    return new Map(
      findings.map((finding, index) => {
        const { requirement } = finding;
        const missing = toSet([...finding.missing, ...(notAwaited.get(finding) ?? [])]);
        const isIgnored = requirement.onRestate === "ignore";
        const input = { ...windows[index]!, digest: digests[index]!, ...(isIgnored ? { isIgnored } : {}) };
        return [finding, missing.length === 0 ? input : { ...input, missing }];
      }),
    );
  }

  /**
   * Returns the time that runs read without waiting for it, and that is not covered: a run that was given up may be run after
   * all, and so may time before the beginning of a ledger.
   */
  async #notAwaited(findings: readonly Finding[]): Promise<ReadonlyMap<Finding, IntervalSet>> {
    const asked = findings.flatMap((finding) => {
      const { lower, upper } = finding.requirement.window;
      const counted = finding.requirement.by === "settled" ? upper : upper - finding.lengthMs;
      return counted > lower ? [{ finding, within: { lower, upper: counted } }] : [];
    });
    if (asked.length === 0) return new Map();
    const missing = await this.#store().missingTime(
      asked.map(({ finding: { requirement }, within }) => ({
        groupId: requirement.groupId,
        within,
        by: "succeeded",
      })),
    );
    return new Map(asked.map(({ finding }, index) => [finding, missing[index]!]));
  }

  /** Reads all groups that are depended on, and those whose own past is asked for. */
  async #schedulesOf(requests: readonly GateRequest[]): Promise<ReadonlyMap<string, Schedule>> {
    const ids = new Set<string>();
    for (const { groupId, settings } of requests) {
      const { dependsOn, dependsOnPast = false } = settings as unknown as ScheduleSpec;
      if (dependsOnPast !== false) ids.add(groupId);
      if (dependsOn != null) for (const { dependency } of leavesOf(dependsOn)) ids.add(dependency.groupId);
    }
    const found = await this.#store().getSchedules([...ids]);
    return new Map(
      found.flatMap((schedule) => (schedule === undefined ? [] : [[schedule.spec.groupId, schedule]])),
    );
  }

  /** Asks the store about all that the batch needs to know, each thing once. */
  async #find(
    questions: readonly Question[],
    groups: ReadonlyMap<string, Schedule>,
  ): Promise<ReadonlyMap<Requirement, Finding>> {
    const queries = new Map<string, { readonly query: MissingTimeQuery; readonly of: Requirement[] }>();
    const findings = new Map<Requirement, Finding>();
    const ofOthers = new Set(questions.flatMap(requirementsOfOthers));
    for (const requirement of questions.flatMap(({ requirements }) => requirements)) {
      const { groupId, window, by, isQuiet, beforeOrigin } = requirement;
      const group = groups.get(groupId);
      const isAwaited = (beforeOrigin ?? awaitedBefore(group, ofOthers.has(requirement))) === "wait";
      const origin = isAwaited ? undefined : group?.origin;
      const within = { lower: Math.max(window.lower, origin ?? window.lower), upper: window.upper };
      const lengthMs = Math.max(0, within.upper - within.lower);
      findings.set(requirement, { requirement, lengthMs, missing: [] });
      if (lengthMs === 0) continue;
      const key = `${groupId} ${within.lower} ${within.upper} ${by} ${isQuiet}`;
      const known = queries.get(key);
      if (known === undefined)
        queries.set(key, { query: { groupId, within, by, isQuiet }, of: [requirement] });
      else known.of.push(requirement);
    }
    const asked = [...queries.values()];
    if (asked.length === 0) return findings;
    const missing = await this.#store().missingTime(asked.map(({ query }) => query));
    const groupsOf = (isQuiet: boolean): ReadonlySet<string> =>
      new Set(asked.flatMap(({ query }) => (query.isQuiet === isQuiet ? [query.groupId] : [])));
    const restated = await restatedTime(this.#store(), groupsOf(false));
    const toRunAgain = await timeToRunAgain(this.#store(), groupsOf(true));
    const handOvers = await this.#handOvers([...ofOthers], groups);
    for (const [index, { query, of }] of asked.entries()) {
      const { lower, upper } = query.within;
      for (const one of of) {
        const read = { lower: one.isWhole === true ? Number.MIN_SAFE_INTEGER : lower, upper };
        const again = one.isQuiet ? toRunAgain : one.onRestate === "ignore" ? undefined : restated;
        const also = intersect([read], again?.get(query.groupId) ?? []);
        const handOver = handOvers.get(one);
        const blurred = handOver === undefined ? [] : blurredTime(one, query.within, handOver);
        findings.set(one, {
          ...findings.get(one)!,
          missing: toSet([...missing[index]!, ...also, ...blurred]),
          ...(handOver === undefined || blurred.length === 0 ? {} : { handOver }),
          ...(also.length === 0 ? {} : { isToBeRunAgain: true }),
        });
      }
    }
    return findings;
  }

  /**
   * Returns the open hand-overs of groups, by the requirements that wait for them.
   *
   * @param others - requirements of other groups: increments do not wait for their own copy, which they complete
   */
  async #handOvers(
    others: readonly Requirement[],
    groups: ReadonlyMap<string, Schedule>,
  ): Promise<ReadonlyMap<Requirement, Interval>> {
    const found = new Map<Requirement, Interval>();
    for (const by of ["succeeded", "settled"] as const) {
      const those = others.filter((one) => one.by === by);
      const asked = new Set(those.map(({ groupId }) => groupId));
      const schedules = [...asked].flatMap((groupId) => groups.get(groupId) ?? []);
      const open = await openHandOvers(this.#store(), schedules, by);
      for (const one of those) {
        const handOver = open.get(one.groupId);
        if (handOver !== undefined) found.set(one, handOver);
      }
    }
    return found;
  }
}

/** Returns what a run requires of other groups than its own. */
function requirementsOfOthers({ request, requirements }: Question): readonly Requirement[] {
  return requirements.filter(({ groupId }) => groupId !== request.groupId);
}

/** A full copy has all time before its group's ledger begins: others wait for that as for the rest of the copy. */
function awaitedBefore(group: Schedule | undefined, isOther: boolean): "wait" | "ignore" {
  if (group === undefined) return "ignore";
  return group.status === "SOURCE" || (isOther && hasSnapshots(group.spec)) ? "wait" : "ignore";
}

/** Returns the time of a requirement whose rows may be those of a later state: all before the end of the hand-over. */
function blurredTime({ isWhole }: Requirement, { lower, upper }: Interval, handOver: Interval): IntervalSet {
  const read = { lower: isWhole === true ? Math.min(lower, handOver.lower) : lower, upper };
  return intersect([read], [{ lower: read.lower, upper: handOver.upper }]);
}

function questionOf(request: GateRequest, groups: ReadonlyMap<string, Schedule>): Question {
  const { groupId, interval, settings } = request;
  const spec = settings as unknown as ScheduleSpec;
  const { dependsOn, dependsOnPast = false } = spec;
  const calendar = windowCalendarOf(spec);
  const leaves = dependsOn == null ? [] : leavesOf(dependsOn);
  const requirements = leaves.map(({ dependency }) => ({
    ...requirementOf(dependency, groupId, interval, calendar),
    ...(spec.mode === "full" ? { isWhole: true } : {}),
  }));
  if (dependsOnPast !== false) {
    const origin = groups.get(groupId)?.origin ?? interval.lower;
    requirements.push(pastRequirement(dependsOnPast, groupId, interval, calendar, origin));
  }
  return { request, spec, requirements };
}

/**
 * Returns the dependencies on other groups that are met, and have a window: what the run reads. A run that begins
 * on a person's word reads what there is of all of them.
 */
function readBy(
  { request, requirements }: Question,
  verdicts: readonly Verdict[],
  isMarked: boolean,
): readonly Requirement[] {
  return requirements.filter(
    ({ groupId, window }, index) =>
      groupId !== request.groupId &&
      window.upper > window.lower &&
      (isMarked || verdicts[index]!.state === "met"),
  );
}

function verdictOnAll({ dependsOn }: ScheduleSpec, verdicts: readonly Verdict[]): Verdict {
  const each = verdicts[Symbol.iterator]();
  const ofTree = dependsOn == null ? [] : [verdictOnTree(dependsOn, each)];
  return together([...ofTree, ...each]);
}

function answerOf(verdict: Verdict, groups: ReadonlyMap<string, Schedule>, now: EpochMs): GateAnswer {
  if (verdict.state === "met") return { isOpen: true };
  const unmet = verdict.unmet.map((one) => asUnmet(one));
  const reason = reasonOf(verdict.unmet, groups);
  const wokenBy = [...new Set(verdict.unmet.map(({ requirement }) => requirement.groupId))];
  if (verdict.state === "failed") {
    const message = `Its dependencies were not met in time: ${reason}.`;
    return { isOpen: false, reason, wokenBy, failure: { code: "DEPENDENCY_TIMEOUT", message } };
  }
  const pending = verdict.unmet.flatMap(({ timesOutAt }) =>
    timesOutAt === undefined || timesOutAt < now ? [] : [timesOutAt + 1],
  );
  const isOverdue = verdict.unmet.some(
    ({ requirement, timesOutAt }) =>
      requirement.timeout?.action === "hold" && timesOutAt !== undefined && timesOutAt < now,
  );
  const isSilent = verdict.unmet.some(
    ({ requirement, isToBeRunAgain }) => isToBeRunAgain || !isRegistered(groups.get(requirement.groupId)),
  );
  return {
    isOpen: false,
    reason,
    missing: verdict.unmet.flatMap(({ missing }) => missing.slice(0, MOST_LISTED)),
    unmet,
    wokenBy,
    lookAgainAt: now + (isSilent ? SILENT_SWEEP_MS : SWEEP_MS),
    ...(pending.length === 0 ? {} : { deadlineAt: Math.min(...pending) }),
    ...(isOverdue ? { isOverdue: true } : {}),
  };
}

function asUnmet({ requirement, missing, timesOutAt, handOver }: Unmet): UnmetDependency {
  const { groupId, window, by } = requirement;
  return {
    groupId,
    window,
    by,
    missing: missing.slice(0, MOST_LISTED),
    missingMs: measure(missing),
    ...(timesOutAt === undefined ? {} : { timesOutAt }),
    ...(handOver === undefined ? {} : { handOver }),
  };
}

function reasonOf(unmet: readonly Unmet[], groups: ReadonlyMap<string, Schedule>): string {
  const names = new Set(
    unmet.map(({ requirement: { groupId }, handOver }) => {
      const schedule = groups.get(groupId);
      if (schedule === undefined) return `${groupId}, which has no schedule yet`;
      if (handOver !== undefined) return `${groupId}, whose full copy is not consistent yet`;
      return isRegistered(schedule) ? groupId : `${groupId}, which is unregistered`;
    }),
  );
  return `not covered yet by ${[...names].join("; ")}`;
}

/** Returns whether a group's ledger can still grow. */
function isRegistered(schedule: Schedule | undefined): boolean {
  if (schedule === undefined) return false;
  return SCHEDULE_STATUSES[schedule.status].isRegistered || schedule.status === "SOURCE";
}
