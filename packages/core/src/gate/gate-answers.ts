import type { EpochMs } from "../clock/clock.js";
import { toSet } from "../interval/interval-set.js";
import type { RunWait } from "../run/run.js";
import type { ClosedGate } from "./gate.js";

/** An answer of a gate that holds a run, and the gate that gave it. */
export interface Held {
  readonly gateType: string;
  readonly answer: ClosedGate;
  /** When to ask it again, epoch ms. */
  readonly lookAgainAt: EpochMs;
}

/** The reason that holds a run, and when to ask again. */
export interface Hold {
  readonly wait: RunWait;
  readonly lookAgainAt: EpochMs;
}

/**
 * Merges the answers of all gates that hold a run. Asked again when the last of them may have another answer:
 * before that the run cannot begin, except that each gate is asked by its deadline.
 *
 * @param held - at least one
 * @param since - since when gates have held the run, epoch ms
 */
export function mergeHeld(held: readonly Held[], since: EpochMs): Hold {
  const deadlines = held.flatMap(({ answer }) => answer.deadlineAt ?? []);
  const lookAgainAt = Math.min(Math.max(...held.map((one) => one.lookAgainAt)), ...deadlines);
  const missing = toSet(held.flatMap(({ answer }) => answer.missing ?? []));
  const wokenBy = [...new Set(held.flatMap(({ answer }) => answer.wokenBy ?? []))];
  const unmet = held.flatMap(({ answer }) => answer.unmet ?? []);
  const wait: RunWait = {
    reason: held.map(({ answer, gateType }) => `${answer.reason} (${gateType})`).join("; "),
    since,
    lookAgainAt,
    ...(missing.length === 0 ? {} : { missing }),
    ...(wokenBy.length === 0 ? {} : { wokenBy }),
    ...(unmet.length === 0 ? {} : { unmet }),
    ...(held.some(({ answer }) => answer.isOverdue) ? { isOverdue: true } : {}),
  };
  return { wait, lookAgainAt };
}

/** Returns the problem with what a gate returned; `undefined` if it is one answer for each request. */
export function problemWith(answers: unknown, requests: number): string | undefined {
  if (!Array.isArray(answers)) return "it returned no list of answers";
  if (answers.length !== requests) return `it gave ${answers.length} answers to ${requests} requests`;
  const bad = answers.findIndex((answer) => !isAnswer(answer));
  return bad < 0 ? undefined : `its answer ${bad} is neither open nor closed with a reason`;
}

function isFailure(value: unknown): boolean {
  const { code, message } = (value ?? {}) as Record<string, unknown>;
  return typeof code === "string" && code !== "" && typeof message === "string";
}

function isAnswer(value: unknown): boolean {
  const { isOpen, reason, missing, lookAgainAt, deadlineAt, wokenBy, unmet, failure } = (value ??
    {}) as Record<string, unknown>;
  if (isOpen === true) return true;
  return (
    isOpen === false &&
    typeof reason === "string" &&
    reason !== "" &&
    (missing === undefined || Array.isArray(missing)) &&
    (lookAgainAt === undefined || Number.isFinite(lookAgainAt)) &&
    (deadlineAt === undefined || Number.isFinite(deadlineAt)) &&
    (wokenBy === undefined || Array.isArray(wokenBy)) &&
    (unmet === undefined || Array.isArray(unmet)) &&
    (failure === undefined || isFailure(failure))
  );
}
