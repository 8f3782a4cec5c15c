import type { Clock, ClockTimer } from "@tidegate/core/clock";
import { NoAnswer } from "../rest/http.js";
import { isGone, type SqlGateway } from "../rest/sql-gateway.js";

/** Recipe of a session. Equal recipes share one session. */
export interface SessionRecipe {
  /** Identifies the recipe without revealing secrets. */
  readonly key: string;
  readonly properties: Readonly<Record<string, string>>;
  /** The statements that set it up, with secrets filled in. */
  readonly setup: readonly string[];
}

export interface SessionSettings {
  readonly clock: Clock;
  /** How many sessions stay open; the least recently used ones are closed. */
  readonly maxSessions: number;
  /** Interval between heartbeats, ms. */
  readonly heartbeatMs: number;
}

interface Session {
  readonly handle: Promise<string>;
  users: number;
}

/**
 * The open sessions of a gateway: kept alive, shared by the runs of a job, and reopened if the gateway has
 * lost them.
 */
export class Sessions {
  readonly #gateway: SqlGateway;
  readonly #settings: SessionSettings;
  /** Ordered by last use, the latest last. */
  readonly #open = new Map<string, Session>();
  #heartbeat: ClockTimer | undefined;
  #isClosed = false;

  constructor(gateway: SqlGateway, settings: SessionSettings) {
    this.#gateway = gateway;
    this.#settings = settings;
  }

  /**
   * Runs work in a session. If the gateway turns out not to know it any more, the next use opens another.
   *
   * @throws Refused when a setup statement fails
   * @throws NoAnswer, marked as not sent if no session was opened: there can be no job
   */
  async use<T>(recipe: SessionRecipe, work: (handle: string) => Promise<T>): Promise<T> {
    const session = this.#sessionOf(recipe);
    session.users += 1;
    try {
      return await work(await session.handle);
    } catch (error) {
      if (isGone(error)) this.#forget(recipe.key, session);
      throw error;
    } finally {
      session.users -= 1;
      this.#closeSurplus();
    }
  }

  /** Allows sessions again, after `close`. */
  open(): void {
    this.#isClosed = false;
  }

  /**
   * Closes all sessions, and from now on each one that work under way has opened, once that is done. If the
   * gateway does not respond, they expire there by themselves.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    const sessions = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(sessions.map((session) => this.#closeOne(session)));
  }

  #sessionOf(recipe: SessionRecipe): Session {
    const known = this.#open.get(recipe.key);
    const session = known ?? { handle: this.#start(recipe), users: 0 };
    // The map keeps the order of insertion.
    this.#open.delete(recipe.key);
    this.#open.set(recipe.key, session);
    if (known === undefined) session.handle.catch(() => this.#forget(recipe.key, session));
    this.#keepAlive();
    return session;
  }

  async #start(recipe: SessionRecipe): Promise<string> {
    try {
      return await this.#setUp(recipe);
    } catch (error) {
      throw error instanceof NoAnswer ? new NoAnswer(error.message, false, error) : error;
    }
  }

  async #setUp({ properties, setup }: SessionRecipe): Promise<string> {
    const handle = await this.#gateway.openSession(properties);
    try {
      for (const statement of setup) await this.#gateway.configure(handle, statement);
    } catch (error) {
      await this.#gateway.closeSession(handle).catch(() => undefined);
      throw error;
    }
    return handle;
  }

  #forget(key: string, session: Session): void {
    if (this.#open.get(key) === session) this.#open.delete(key);
  }

  #closeSurplus(): void {
    const limit = this.#isClosed ? 0 : this.#settings.maxSessions;
    for (const [key, session] of this.#open) {
      if (this.#open.size <= limit) return;
      if (session.users > 0) continue;
      this.#open.delete(key);
      void this.#closeOne(session);
    }
  }

  async #closeOne({ handle }: Session): Promise<void> {
    try {
      await this.#gateway.closeSession(await handle);
    } catch {
      // The gateway closes idle sessions itself.
    }
  }

  #keepAlive(): void {
    if (this.#isClosed || this.#heartbeat !== undefined || this.#open.size === 0) return;
    const { clock, heartbeatMs } = this.#settings;
    this.#heartbeat = clock.wakeAt(clock.now() + heartbeatMs, () => {
      this.#heartbeat = undefined;
      for (const [key, session] of this.#open) void this.#beat(key, session);
      this.#keepAlive();
    });
  }

  async #beat(key: string, session: Session): Promise<void> {
    try {
      await this.#gateway.heartbeat(await session.handle);
    } catch (error) {
      if (isGone(error)) this.#forget(key, session);
    }
  }
}
