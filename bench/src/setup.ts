import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTidegate, type RegistrationResult, type ScheduleInfo, type Tidegate } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import type { ScheduleOperator } from "@tidegate/core/operator";
import type { ScheduleStore } from "@tidegate/core/store";
import { embeddedEngine } from "@tidegate/engine-embedded";

/** An operator whose jobs have ended before it answers, and how many there were. */
export function noopOperator(): ScheduleOperator & { count: number } {
  return {
    operatorType: "noop",
    count: 0,
    async submit(request) {
      this.count += 1;
      return { jobId: request.runId, outcome: { state: "SUCCEEDED" } };
    },
    async find() {
      return undefined;
    },
    async wait() {
      return { state: "SUCCEEDED" };
    },
    async cancel() {},
  };
}

/** A directory that is removed again. On the disk, not in memory, where the system's temporary one is. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "tidegate-bench-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A Tidegate on the embedded engine; its troubles are printed, since a figure with troubles is none. */
export function assemble(store: ScheduleStore, operator: ScheduleOperator, clock?: Clock): Tidegate {
  const tidegate = createTidegate({
    store,
    engines: [embeddedEngine()],
    operators: [operator],
    dispatcher: { maxConcurrentRuns: 4_000 },
    ...(clock === undefined ? {} : { clock }),
  });
  tidegate.events.on("trouble", (trouble) => console.error(trouble));
  return tidegate;
}

/** Registers many schedules; a refusal is an error. */
export async function registerAll(tidegate: Tidegate, infos: readonly ScheduleInfo[]): Promise<void> {
  const results = await tidegate.client.registerMany(infos);
  const refused = results.find(
    (result): result is RegistrationResult & { isRegistered: false } => !result.isRegistered,
  );
  if (refused !== undefined) throw refused.error;
}

/** Resolves after a while of real time: a benchmark's measuring time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Between two looks at what is waited for, ms: it has no event. */
const LOOK_EVERY_MS = 20;

/** Resolves when the condition holds. @throws Error after the limit: a benchmark that waits in vain is none */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 120_000,
): Promise<void> {
  const giveUpAt = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`Waited ${limitMs} ms in vain for ${what}.`);
    await sleep(LOOK_EVERY_MS);
  }
}
