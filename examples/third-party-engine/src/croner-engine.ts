import type {
  EngineCapabilities,
  EngineContext,
  EngineEntry,
  EngineSchedule,
  FireSink,
  ScheduleEngine,
} from "@tidegate/core";
import { Cron } from "croner";

/** A schedule as this engine holds it. */
interface Held {
  readonly groupId: string;
  readonly version: number;
  /** How long after its nominal time a fire is due, ms. */
  readonly delayMs: number;
  /** When the next fire is due, epoch ms; `null` when none is. */
  nextFireAt: number | null;
  timer?: Cron;
}

const RETRY_MS = 1_000;

/**
 * Fires by Croner's timers. It holds definitions of its own, in memory: what a restart loses, Tidegate's reconciler
 * registers again.
 */
export class CronerEngine implements ScheduleEngine {
  readonly engineType = "croner";
  readonly capabilities: EngineCapabilities = {
    finestPeriodMs: 1_000,
    holdsDefinitions: true,
  };
  readonly #held = new Map<string, Held>();
  readonly #underWay = new Set<Promise<void>>();
  #sink: FireSink | undefined;

  async start({ sink }: EngineContext): Promise<void> {
    this.#sink = sink;
    for (const held of this.#held.values()) this.#arm(held, held.nextFireAt);
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    for (const { timer } of this.#held.values()) timer?.stop();
    await Promise.all(this.#underWay);
  }

  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    for (const { groupId, version, spec, nextFireAt } of schedules) {
      this.#held.get(groupId)?.timer?.stop();
      const held: Held = { groupId, version, delayMs: spec.delayMs, nextFireAt };
      this.#held.set(groupId, held);
      this.#arm(held, nextFireAt);
    }
  }

  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    for (const groupId of groupIds) {
      this.#held.get(groupId)?.timer?.stop();
      this.#held.delete(groupId);
    }
  }

  async *list(): AsyncGenerator<EngineEntry> {
    for (const groupId of [...this.#held.keys()].sort()) {
      yield { groupId, version: this.#held.get(groupId)!.version };
    }
  }

  /** Sets the timer. Croner ignores what is past, so what is due already goes off as soon as it can. */
  #arm(held: Held, at: number | null): void {
    held.timer?.stop();
    if (at === null || this.#sink === undefined || this.#held.get(held.groupId) !== held) return;
    const soon = Date.now() + 10;
    held.timer = new Cron(new Date(Math.max(at, soon)), () => this.#goOff(held));
  }

  #goOff(held: Held): void {
    const fired = this.#fire(held).finally(() => this.#underWay.delete(fired));
    this.#underWay.add(fired);
  }

  /** Tells Tidegate to look at the group. Its answer says when to do so again; without one, soon. */
  async #fire(held: Held): Promise<void> {
    const { groupId, delayMs, nextFireAt } = held;
    if (nextFireAt === null) return;
    try {
      const [result] = (await this.#sink?.fire([{ groupId, scheduledTime: nextFireAt - delayMs }])) ?? [];
      if (result === undefined) return;
      held.nextFireAt = result.nextFireAt;
      this.#arm(held, held.nextFireAt);
    } catch {
      this.#arm(held, Date.now() + RETRY_MS);
    }
  }
}
