import { MINUTE } from "../succession.js";
import { T0 } from "../triggers.js";
import { GROUPS, type Heard, type ReadyEnding, type ReadyJob } from "./stage.js";
import { INTERVALS, LENGTH, type ReadyStory } from "./story.js";

const SECOND = 1_000;

/** How long "ready" counts beside as long as the source has taken to say so, ms. */
const COUNTS_MS = 5 * SECOND;

/** The shortest wait before the same is asked again: the first one, less its random half, ms. */
const SHORTEST_WAIT_MS = 2.5 * SECOND;

/** The longest wait of a source that asks for none, ms. */
const LONGEST_WAIT_MS = 5 * MINUTE;

/** The longest that a source may take to answer, ms. */
const PATIENCE_MS = 30 * SECOND;

/** From when a run may begin until its job is submitted, at most, ms. */
const LATENESS_MS = 2 * SECOND;

/** Errors in a row until a probe is reported as broken. */
const UNTIL_BROKEN = 5;

/** How long a source is remembered that nobody asks about, ms. */
const REMEMBERED_MS = 10 * MINUTE;

const endOf = (index: number): number => (index + 1) * LENGTH * MINUTE;

/**
 * Returns what is wrong with the end of a story, in terms of what the source was asked and has answered, and of when jobs began.
 * It is another reading of what the documentation promises, without inquiries, looks or lanes.
 */
export function brokenLaws(story: ReadyStory, ending: ReadyEnding): string[] {
  const { jobs, runs, areSound } = ending;
  const broken: string[] = [];
  if (!areSound) broken.push("the audit is not sound");
  for (const { groupId, lower, state, wait } of runs)
    if (state !== "SUCCEEDED") broken.push(`${groupId} from ${lower - T0} is ${state}: ${wait?.reason}`);
  for (const groupId of GROUPS)
    for (let index = 0; index < INTERVALS; index += 1) {
      const own = jobs.filter((job) => job.groupId === groupId && job.index === index);
      if (own.length !== 1) broken.push(`${groupId} ${index}: ${own.length} jobs`);
    }
  for (const job of jobs) {
    const law = beganTooEarly(job, ending);
    if (law !== undefined) broken.push(`${job.groupId} ${job.index} began at ${job.submittedAt}: ${law}`);
  }
  return [...broken, ...lawsOfQuestions(story, ending), ...lawsOfTroubles(story, ending)];
}

/** Returns why a job should not have begun then. */
function beganTooEarly(job: ReadyJob, { heard, disturbedAt, marked }: ReadyEnding): string | undefined {
  const { index, submittedAt } = job;
  if (submittedAt < endOf(index)) return "its interval was not over";
  if (marked.has(`${job.groupId} ${index}`)) return undefined;
  const told = heard.filter(({ answeredAt = submittedAt + 1 }) => answeredAt <= submittedAt);
  const yes = told.filter((one) => isYes(one, index)).at(-1);
  if (yes === undefined) return "the source has never said that it is complete";
  const { askedAt, answeredAt = 0, answer } = yes;
  if (disturbedAt.some((at) => at >= answeredAt && at <= submittedAt)) return undefined;
  // A watermark counts until the source is asked again, which may be left alone since a later interval is not complete.
  const againMs = answer?.isReady === true ? COUNTS_MS : (answer?.retryAfterMs ?? LONGEST_WAIT_MS);
  const countsMs = againMs + (answeredAt - askedAt) + LATENESS_MS;
  const no = told.find((one) => one !== yes && one.askedAt >= answeredAt && isAbout(one, index));
  if (no !== undefined && submittedAt > (no.answeredAt ?? 0) + LATENESS_MS)
    return `the source had taken it back at ${no.answeredAt}`;
  return submittedAt - answeredAt > countsMs ? `the source had last said so at ${answeredAt}` : undefined;
}

/** Returns whether an answer is about an interval, whatever it is. */
function isAbout({ answer, index: about }: Heard, index: number): boolean {
  return about === index || answer?.readyThrough !== undefined;
}

/** Returns whether the source has said that an interval is complete. */
function isYes({ answer, index: about }: Heard, index: number): boolean {
  if (answer === undefined) return false;
  const { isReady, readyThrough } = answer;
  return readyThrough === undefined ? isReady && about === index : readyThrough - T0 >= endOf(index);
}

/** The same is asked by one process one question after the other, and not before the source may have changed. */
function lawsOfQuestions(story: ReadyStory, { heard }: ReadyEnding): string[] {
  const broken: string[] = [];
  const last = new Map<string, Heard>();
  for (const one of heard) {
    const key = `${one.by} ${story.hasWatermark ? "" : one.index}`;
    const before = last.get(key);
    last.set(key, one);
    if (before === undefined) continue;
    const earliest = (before.answeredAt ?? before.askedAt + PATIENCE_MS) + waitAfter(before);
    if (one.askedAt < earliest)
      broken.push(`asked about ${one.index} at ${one.askedAt}, before ${earliest}, by ${one.by}`);
  }
  return broken;
}

function waitAfter({ answer }: Heard): number {
  if (answer === undefined) return SHORTEST_WAIT_MS;
  if (answer.isReady) return COUNTS_MS;
  return answer.retryAfterMs === undefined ? SHORTEST_WAIT_MS : Math.max(SECOND, answer.retryAfterMs);
}

/** A probe is reported if it goes on failing, and once a minute at most. */
function lawsOfTroubles({ hasWatermark }: ReadyStory, { heard, troubles }: ReadyEnding): string[] {
  const broken: string[] = [];
  for (const by of new Set(heard.map((one) => one.by))) {
    const told = troubles.filter((one) => one.by === by).map(({ at }) => at);
    const asked = heard.filter((one) => one.by === by);
    const failures = asked.filter(({ answer }) => answer === undefined);
    if (failures.length < UNTIL_BROKEN && told.length > 0) broken.push(`${by} called its probe broken`);
    for (const [n, at] of told.entries())
      if (n > 0 && at < told[n - 1]! + MINUTE) broken.push(`${by} called its probe broken again at ${at}`);
    if (hasWatermark && hasFailedOn(asked) && told.length === 0)
      broken.push(`${by} never said that its probe is broken`);
  }
  return broken;
}

/** Returns whether five questions in a row have failed, and another one has followed. */
function hasFailedOn(asked: readonly Heard[]): boolean {
  let inARow = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const { answer, askedAt } of asked) {
    if (inARow >= UNTIL_BROKEN) return true;
    const isRemembered = askedAt - lastAt <= REMEMBERED_MS;
    inARow = answer !== undefined ? 0 : (isRemembered ? inARow : 0) + 1;
    lastAt = askedAt;
  }
  return false;
}
