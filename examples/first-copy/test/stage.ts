import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTidegate, type OffsetLimit, type Tidegate } from "@tidegate/core";
import { MAIN_PARTITION } from "@tidegate/core/offset";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { until } from "@tidegate/testkit";
import { type Copy, GROUP, partsOf, scheduleOf } from "../src/copy.js";
import { Shop } from "../src/shop.js";
import { Mortal } from "./mortal.js";

const SECOND = 1_000;

/** A second of the shop, and when its manager is killed. */
export interface Step {
  readonly orders: number;
  /** At the n-th next change of the ledger, which is made or not. */
  readonly kill: { readonly atChange: number; readonly isMade: boolean } | undefined;
}

/** A manager, and all that ends with it. */
interface Manager {
  readonly tidegate: Tidegate;
  readonly mortal: Mortal;
  /** Ends its jobs, as those of a dead process end. */
  readonly end: () => Promise<void>;
}

/** A shop whose orders are copied by one manager after the other, on a virtual clock. */
export class Stage {
  readonly copy: Copy = { folder: mkdtempSync(join(tmpdir(), "first-copy-")) };
  readonly shop = new Shop(this.copy);
  readonly clock = new VirtualClock({ start: Date.UTC(2026, 0, 1) });
  readonly #store = new MemoryStore({ clock: this.clock });
  readonly #limit: OffsetLimit;
  #manager: Manager | undefined;
  #deaths = 0;

  constructor(limit: OffsetLimit) {
    this.#limit = limit;
  }

  async play({ orders, kill }: Step): Promise<void> {
    const { mortal } = await this.#living();
    this.shop.sell(orders);
    if (kill !== undefined) mortal.killAtChange(kill.atChange, kill.isMade);
    await this.clock.advance(SECOND);
    await until(async () => mortal.isDead || (await this.#isIdle()));
    if (mortal.isDead) this.#deaths += 1;
  }

  /** How often a manager was killed. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Lets fires pass until all orders have been planned, and nothing is left to do. */
  async finish(): Promise<boolean> {
    const { tidegate, mortal } = await this.#living();
    mortal.killAtChange(Number.POSITIVE_INFINITY, false);
    await until(async () => {
      await this.clock.advance(SECOND);
      const { offsets } = await tidegate.client.get(GROUP);
      const isPlanned = Number(offsets?.position[MAIN_PARTITION] ?? 0) > this.shop.orders;
      return isPlanned && (await this.#isIdle());
    });
    return (await tidegate.client.audit(GROUP)).isSound;
  }

  async dispose(): Promise<void> {
    await this.#manager?.tidegate.stop();
    await this.#manager?.end();
    this.shop.close();
    rmSync(this.copy.folder, { recursive: true, force: true });
  }

  async #living(): Promise<Manager> {
    if (this.#manager?.mortal.isDead === false) return this.#manager;
    await this.#manager?.end();
    const mortal = new Mortal();
    const { operators, offsetProviders } = partsOf(this.copy);
    const tidegate = createTidegate({
      store: mortal.store(this.#store),
      clock: mortal.clock(this.clock),
      engines: [embeddedEngine()],
      operators,
      offsetProviders,
      // So that few fires pass until the work of a dead manager is taken up.
      dispatcher: { leaseMs: 3 * SECOND },
    });
    this.#manager = {
      tidegate,
      mortal,
      end: async () => {
        await Promise.all(operators.map((operator) => operator.stop()));
      },
    };
    await tidegate.start();
    await tidegate.client.ensure(scheduleOf(this.copy, this.#limit));
    return this.#manager;
  }

  /** Whether no run is in progress; virtual time passes while one is, so that leases end and attempts are made again. */
  async #isIdle(): Promise<boolean> {
    const { tidegate, mortal } = this.#manager!;
    const audit = await Promise.race([tidegate.client.audit(GROUP), mortal.died]);
    if (audit === undefined || audit.active.runs === 0) return true;
    await this.clock.advance(SECOND);
    return false;
  }
}
