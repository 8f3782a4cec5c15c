import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import type { OffsetLimit } from "@tidegate/core";
import { copiedRows, differenceOf } from "../src/copied.js";
import type { Copy } from "../src/copy.js";
import { Shop } from "../src/shop.js";

/** How many managers are killed: 1,000 take some minutes. */
const KILLS = Number(process.env.TIDEGATE_KILLS ?? 10);

/** Copies that are made at a time: most of a life is waiting for the lease of the one before. */
const COPIES = 4;

/** Most managers of a copy that are killed: in its snapshot, at the hand-over, and in its first increments. */
const MOST_LIVES = 8;

/** Most moments before and after changes of the ledger that a manager lives through. */
const MOST_MOMENTS = 14;

/** The longest that a manager lives beyond such a moment, ms: then it dies while it reads, writes or publishes. */
const LONGEST_MS = 60;

const SELL_EVERY_MS = 15;

const MANAGER = fileURLToPath(new URL("killed-manager.mjs", import.meta.url));

const upTo = (most: number): number => 1 + Math.floor(Math.random() * most);

/** Starts managers ahead: to load their modules takes longer than most of their lives. */
class Managers {
  readonly #spares: ChildProcess[] = [];
  readonly #running = new Set<ChildProcess>();

  next(): ChildProcess {
    const manager = this.#spares.shift() ?? this.#start();
    this.#spares.push(this.#start());
    return manager;
  }

  end(): void {
    for (const manager of this.#running) manager.kill("SIGKILL");
  }

  #start(): ChildProcess {
    const manager = fork(MANAGER, {
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#running.add(manager);
    manager.once("exit", () => this.#running.delete(manager));
    return manager;
  }
}

/** How a copy has ended. */
interface Ended {
  readonly isSound: boolean;
  readonly isSeamless: boolean;
  readonly difference: string | undefined;
}

describe("a first copy and its increments, whose managers are killed by signals", () => {
  const managers = new Managers();
  afterAll(() => managers.end());

  it(`lose no row and double none, whenever ${KILLS} of them die`, async () => {
    let kills = 0;
    const copies = async (): Promise<void> => {
      while (kills < KILLS) {
        const lives = Math.min(upTo(MOST_LIVES), KILLS - kills);
        kills += lives;
        const copy = { folder: mkdtempSync(join(tmpdir(), "killed-copy-")) };
        const ended = await copyWith(managers, copy, lives);
        // The files of a copy that has failed are left for whoever looks into it.
        expect({ ...copy, ...ended }).toEqual({
          ...copy,
          isSound: true,
          isSeamless: true,
          difference: undefined,
        });
        rmSync(copy.folder, { recursive: true, force: true });
      }
    };
    await Promise.all(Array.from({ length: COPIES }, copies));
  }, 7_200_000);
});

async function copyWith(managers: Managers, copy: Copy, lives: number): Promise<Ended> {
  const shop = new Shop(copy);
  shop.sell(upTo(3_000));
  const selling = setInterval(() => shop.sell(upTo(3)), SELL_EVERY_MS);
  const limit: OffsetLimit = { records: 20 + upTo(60), maxRuns: upTo(4) };
  const shards = Math.random() < 0.5 ? undefined : { target: 1 + upTo(3) };
  try {
    for (let life = 0; life < lives; life += 1) {
      const manager = managers.next();
      const exited = once(manager, "exit");
      const afterMs = Math.random() < 0.5 ? 0 : upTo(LONGEST_MS);
      manager.send({ copy, limit, shards, kill: { atMoment: upTo(MOST_MOMENTS), afterMs } });
      await exited;
    }
    expect(deathsOf(copy)).toHaveLength(lives);
    clearInterval(selling);
    const manager = managers.next();
    const told = once(manager, "message");
    // The pace was chosen for the kills; the backlog is copied without it.
    manager.send({ copy, limit: { records: 1_000 }, shards });
    manager.send({ end: shop.orders + 1 });
    const [{ isSound, isSeamless }] = (await told) as [Ended];
    return { isSound, isSeamless, difference: differenceOf(shop.rows(), await copiedRows(copy)) };
  } finally {
    clearInterval(selling);
    shop.close();
  }
}

/** When managers died: each writes down its last moment. */
function deathsOf({ folder }: Copy): string[] {
  const path = join(folder, "deaths.log");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").trimEnd().split("\n");
}
