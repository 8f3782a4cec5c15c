import type { EngineBody, EngineContext, EngineSchedule, FireSink } from "@tidegate/core/engine";
import { Cron } from "croner";

/** A schedule as this engine holds it. */
interface Held extends Pick<EngineSchedule, "groupId" | "version" | "delayMs"> {
  /** When the next fire is due, epoch ms; `null` when none is. */
  nextFireAt: number | null;
  timer?: Cron;
}

const RETRY_MS = 1_000;

/**
 * Fires by Croner's timers. It holds definitions of its own, in memory: what a restart loses, Tidegate's reconciler
 * registers again.
 */
export class CronerTimers implements EngineBody {
  readonly #held = new Map<string, Held>();
  readonly #underWay = new Set<Promise<void>>();
  #sink: FireSink | undefined;
  #stopListening = (): void => {};

  async start({ sink, onFireMoved }: Pick<EngineContext, "sink" | "onFireMoved">): Promise<void> {
    this.#sink = sink;
    this.#stopListening = onFireMoved(({ groupId, nextFireAt }) => this.#move(groupId, nextFireAt));
    for (const held of this.#held.values()) this.#arm(held, held.nextFireAt);
  }

  async stop(): Promise<void> {
    this.#sink = undefined;
    this.#stopListening();
    for (const { timer } of this.#held.values()) timer?.stop();
    await Promise.all(this.#underWay);
  }

  /** Also updates: it replaces what is held. */
  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    for (const { groupId, version, delayMs, nextFireAt } of schedules) {
      this.#held.get(groupId)?.timer?.stop();
      const held: Held = { groupId, version, delayMs, nextFireAt };
      this.#held.set(groupId, held);
      this.#arm(held, nextFireAt);
    }
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    for (const groupId of groupIds) {
      this.#held.get(groupId)?.timer?.stop();
      this.#held.delete(groupId);
    }
  }

  async *list() {
    for (const groupId of [...this.#held.keys()].sort()) {
      yield { groupId, version: this.#held.get(groupId)!.version };
    }
  }

  /** The next fire is due at another time: a run has ended for which planning waited, for example. */
  #move(groupId: string, nextFireAt: number | null): void {
    const held = this.#held.get(groupId);
    if (held === undefined) return;
    held.nextFireAt = nextFireAt;
    this.#arm(held, nextFireAt);
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
