import { EngineError, type EpochMs, isTidegateError } from "@tidegate/core";
import type { EngineEntry } from "@tidegate/core/engine";
import { messageOf } from "@tidegate/core/plugin";
import { within } from "../deadline.js";
import { decode, definitionOf, encode, type FiredSchedule } from "../definition.js";
import type { EngineSettings } from "../options.js";
import {
  type Look,
  MOST_CALLS,
  type MovedFire,
  OFFICE_MS,
  type ScheduleTable,
  type TakenBatch,
} from "../schedule-table.js";
import type { RedisClient } from "./connection.js";
import { type EngineKeys, engineKeys } from "./keys.js";
import { SCRIPTS, type ScriptName } from "./scripts.js";

/** Number of schedules per script call: few enough not to hold up others, many enough to be fast. */
const CHUNK = 500;

/** Maximum number of chunks in flight to Redis. */
const CHUNKS_IN_FLIGHT = 8;

const PAGE = 1_000;

type Command = (...parameters: string[]) => Promise<unknown>;

/**
 * The schedules in Redis: a hash of definitions and a sorted set of when to check each, changed by scripts.
 */
export class RedisScheduleTable implements ScheduleTable {
  readonly #client: RedisClient;
  readonly #keys: EngineKeys;
  readonly #settings: EngineSettings;

  constructor(client: RedisClient, settings: EngineSettings) {
    this.#client = client;
    this.#keys = engineKeys(settings.prefix);
    this.#settings = settings;
    for (const [name, { keys, lua }] of Object.entries(SCRIPTS)) {
      client.defineCommand(commandName(name as ScriptName), { numberOfKeys: keys, lua });
    }
  }

  async register(schedules: readonly FiredSchedule[]): Promise<void> {
    const { definitions, groups, due, state } = this.#keys;
    await this.#inChunks(schedules, (chunk) => {
      const parameters = chunk.flatMap((schedule) => {
        return [schedule.groupId, encode(definitionOf(schedule)), scoreOf(schedule.nextFireAt)];
      });
      return this.#run("register", definitions, groups, due, state, ...parameters);
    });
  }

  async unregister(groupIds: readonly string[]): Promise<void> {
    const { definitions, groups, due, state } = this.#keys;
    await this.#inChunks(groupIds, (chunk) =>
      this.#run("unregister", definitions, groups, due, state, ...chunk),
    );
  }

  async hasten(moves: readonly MovedFire[]): Promise<void> {
    const { definitions, due } = this.#keys;
    await this.#inChunks(moves, (chunk) =>
      this.#run(
        "hasten",
        definitions,
        due,
        ...chunk.flatMap(({ groupId, fireAt }) => [groupId, `${fireAt}`]),
      ),
    );
  }

  async *list(): AsyncGenerator<EngineEntry> {
    const { definitions, groups, due } = this.#keys;
    let from = "-";
    for (;;) {
      const page = (await this.#run("list", groups, definitions, due, from, `${PAGE}`)) as string[];
      for (const [groupId, text, score] of tuples(page, 3)) {
        const definition = text === "" ? undefined : decode(text!);
        if (definition === undefined || (definition.fireAt !== null && score === "")) continue;
        yield { groupId: groupId!, version: definition.version };
      }
      if (page.length < 3 * PAGE) return;
      from = `(${page.at(-3)}`;
    }
  }

  async look(owner: string, now: EpochMs): Promise<Look> {
    const { ticker, due, waiting, state } = this.#keys;
    const limits = [`${OFFICE_MS}`, `${now}`, `${this.#settings.batchSize}`, `${MOST_CALLS}`];
    const seen = await this.#run("look", ticker, due, waiting, state, owner, ...limits);
    const [id, revision, isTicker, calls, idleMs] = seen as [string, number, number, number, number];
    return {
      isTicker: isTicker === 1,
      calls,
      idleMs: idleMs < 0 ? undefined : Math.ceil(idleMs),
      data: { id, revision },
    };
  }

  async resign(owner: string): Promise<void> {
    await this.#run("resign", this.#keys.ticker, owner);
  }

  async take(now: EpochMs): Promise<TakenBatch> {
    const { definitions, due } = this.#keys;
    const { leaseMs, batchSize } = this.#settings;
    const taken = this.#send("take", definitions, due, `${now}`, `${leaseMs}`, `${batchSize}`).then(batchOf);
    try {
      return await this.#inTime(taken);
    } catch (error) {
      // Nobody works on what comes late, as the answer to a command that was sent again on a new connection.
      taken.then((batch) => this.postpone(batch, 0)).catch(() => {});
      throw error;
    }
  }

  async settle({ fires, leasedUntil }: TakenBatch, nextFireAts: readonly (EpochMs | null)[]): Promise<void> {
    const { definitions, due } = this.#keys;
    const parameters = fires.flatMap(({ groupId, definition }, index) => {
      const fireAt = nextFireAts[index] ?? null;
      return [groupId, encode(definition), encode({ ...definition, fireAt }), scoreOf(fireAt)];
    });
    await this.#run("settle", definitions, due, `${leasedUntil}`, ...parameters);
  }

  async postpone({ fires, leasedUntil }: TakenBatch, ms: number): Promise<TakenBatch> {
    const { definitions, due } = this.#keys;
    const parameters = fires.flatMap(({ groupId, definition }) => [groupId, encode(definition)]);
    const until = await this.#run("postpone", definitions, due, `${leasedUntil}`, `${ms}`, ...parameters);
    return { fires, leasedUntil: until as number };
  }

  async #inChunks<T>(items: readonly T[], write: (chunk: readonly T[]) => Promise<unknown>): Promise<void> {
    for (let from = 0; from < items.length; from += CHUNK * CHUNKS_IN_FLIGHT) {
      const some = items.slice(from, from + CHUNK * CHUNKS_IN_FLIGHT);
      const chunks: Promise<unknown>[] = [];
      for (let at = 0; at < some.length; at += CHUNK) chunks.push(write(some.slice(at, at + CHUNK)));
      await Promise.all(chunks);
    }
  }

  #run(name: ScriptName, ...parameters: string[]): Promise<unknown> {
    return this.#inTime(this.#send(name, ...parameters));
  }

  async #send(name: ScriptName, ...parameters: string[]): Promise<unknown> {
    return (this.#client as unknown as Record<string, Command>)[commandName(name)]!(...parameters);
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    try {
      return await within("Redis", this.#settings.commandTimeoutMs, answer);
    } catch (error) {
      if (isTidegateError(error)) throw error;
      throw new EngineError("ENGINE_FAILED", reasonOf(error), { cause: error });
    }
  }
}

function batchOf(answer: unknown): TakenBatch {
  const [leasedUntil = 0, ...taken] = answer as [number, ...string[]];
  const fires = tuples(taken, 2).map(([groupId, text]) => ({
    groupId: groupId!,
    definition: decode(text!),
  }));
  return { fires, leasedUntil };
}

function reasonOf(error: unknown): string {
  const isUnreachable = error instanceof Error && error.name === "MaxRetriesPerRequestError";
  return isUnreachable ? "Redis cannot be reached." : `Redis refused: ${messageOf(error)}`;
}

function commandName(name: ScriptName): string {
  return `tidegate:${name}`;
}

function scoreOf(fireAt: EpochMs | null): string {
  return fireAt === null ? "" : `${fireAt}`;
}

function tuples(flat: readonly string[], size: number): string[][] {
  const found: string[][] = [];
  for (let at = 0; at < flat.length; at += size) found.push(flat.slice(at, at + size));
  return found;
}
