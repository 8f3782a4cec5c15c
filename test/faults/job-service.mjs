// A batch service over the files of a directory, which all managers of a scene share, and its operator. A job runs for its time
// whether or not a manager watches, and its end is decided once, by whoever sees it or stops it first. The operator is slow,
// refuses, loses answers, has jobs fail and cannot always stop them: how often is drawn by chance, as far as `conduct` allows.
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "@tidegate/core";

/** A request that its process could not send in this time, ms, is not sent any more: its manager may have lost the run. */
const REQUEST_LIMIT_MS = 1_500;

/** How often a job is looked at that another manager may stop, ms. */
const LOOK_EVERY_MS = 100;

const chance = (ratio = 0) => Math.random() < ratio;

/**
 * @param directory - of the service alone
 * @param conduct - `slownessMs`, `longestJobMs`, and the ratios `refuses`, `losesAnswer`, `losesJob`, `cannotFind`, `cannotStop`,
 *   `losesMerge`
 * @param onTaken - called when a job has been taken and nobody knows yet
 */
export function jobService(directory, conduct, onTaken) {
  mkdirSync(directory, { recursive: true });
  const path = (name) => join(directory, name);

  /** Makes a file with all of its content at once; does nothing if there is one already. */
  function create(name, content) {
    const draft = path(`${name}.${process.pid}.draft`);
    writeFileSync(draft, content);
    try {
      linkSync(draft, path(name));
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    } finally {
      unlinkSync(draft);
    }
  }

  function stateOf(jobId) {
    const end = path(`${jobId}.end`);
    if (existsSync(end)) return readFileSync(end, "utf8");
    const { endsAt, state } = JSON.parse(readFileSync(path(jobId), "utf8"));
    if (Date.now() < endsAt) return "RUNNING";
    create(`${jobId}.end`, state);
    return readFileSync(end, "utf8");
  }

  function newest(key) {
    let number = 0;
    while (existsSync(path(`${key}.${number + 1}`))) number += 1;
    return existsSync(path(`${key}.${number}`)) ? { jobId: `${key}.${number}`, number } : undefined;
  }

  /** Joins the job of the same key, unless that has failed or was stopped. */
  function take(key) {
    const known = newest(key);
    const state = known === undefined ? undefined : stateOf(known.jobId);
    if (state === "RUNNING" || state === "SUCCEEDED") return known.jobId;
    const jobId = `${key}.${(known?.number ?? -1) + 1}`;
    const endsAt = Date.now() + Math.random() ** 3 * (conduct.longestJobMs ?? 0);
    create(jobId, JSON.stringify({ endsAt, state: chance(conduct.losesJob) ? "FAILED" : "SUCCEEDED" }));
    return jobId;
  }

  function described(jobId) {
    const state = stateOf(jobId);
    return state === "RUNNING" ? { jobId } : { jobId, outcome: outcomeOf(state) };
  }

  const slowly = () => sleep(Math.random() * (conduct.slownessMs ?? 0));

  return {
    operatorType: "files",
    async submit({ idempotencyKey }) {
      const askedAt = performance.now();
      await slowly();
      if (performance.now() - askedAt > REQUEST_LIMIT_MS) {
        throw new OperatorError("JOB_FAILED", "The request was not sent in time.");
      }
      if (chance(conduct.refuses)) throw new OperatorError("JOB_FAILED", "Staged: the job is refused.");
      const jobId = take(idempotencyKey);
      onTaken();
      await slowly();
      if (chance(conduct.losesAnswer)) throw new Error("Staged: the answer is lost.");
      return described(jobId);
    },
    async find(key) {
      if (chance(conduct.cannotFind)) throw new Error("Staged: the service does not answer.");
      const known = newest(key);
      return known === undefined ? undefined : described(known.jobId);
    },
    async wait(jobId, _request, { signal }) {
      for (;;) {
        const state = stateOf(jobId);
        if (state !== "RUNNING") return outcomeOf(state);
        await sleep(LOOK_EVERY_MS, undefined, { signal });
      }
    },
    async cancel(jobId) {
      await slowly();
      if (chance(conduct.cannotStop)) throw new Error("Staged: the job cannot be stopped.");
      if (stateOf(jobId) === "RUNNING") create(`${jobId}.end`, "CANCELLED");
    },
    /** Splits into one or some shards, in an order that differs from call to call. */
    async split({ runId }, { target }) {
      await slowly();
      const count = 1 + (Number.parseInt(runId.slice(-2), 16) % target);
      const keys = Array.from({ length: count }, (_, index) => `part-${index}`);
      return { shards: keys.sort(() => Math.random() - 0.5).map((key) => ({ key, args: {} })) };
    },
    /** Writes down what is published; a run that is merged again publishes the same. */
    async merge({ runId }, results) {
      await slowly();
      const published = results.map(({ key }) => key).sort();
      appendFileSync(path("published.log"), `${JSON.stringify({ runId, published })}\n`);
      if (chance(conduct.losesMerge)) throw new Error("Staged: the answer is lost.");
    },
  };
}

function outcomeOf(state) {
  if (state === "SUCCEEDED") return { state, metrics: { rowsRead: 1, rowsWritten: 1 } };
  return { state, error: { code: "JOB_FAILED", message: `Staged: the job is ${state}.` } };
}
