import { NameSpace } from "@tidegate/engine-kit";
import { type BedOptions, ManagerDoor, OutsideBed } from "@tidegate/test-outside";
import type { DolphinServer } from "@tidegate/test-servers";
import { DolphinSchedulerEngine, type DolphinSchedulerEngineOptions } from "../../src/index.js";
import { optionsFor } from "./dolphin.js";

/** What may be unusual about a bed. */
export interface DolphinBedOptions extends BedOptions {
  readonly engine?: Partial<Pick<DolphinSchedulerEngineOptions, "url" | "token" | "wait">>;
}

/** A manager with its door, around an engine on a real DolphinScheduler. */
export class Bed extends OutsideBed<DolphinSchedulerEngine> {
  #prefix = "";

  /** Makes one and starts it. */
  static async open(dolphin: DolphinServer, prefix: string, options: DolphinBedOptions = {}): Promise<Bed> {
    const door = await ManagerDoor.reserve("dolphinscheduler");
    const engine = new DolphinSchedulerEngine({
      ...optionsFor(dolphin, door.url, prefix),
      ...options.engine,
    });
    const bed = new Bed(engine, door, options);
    bed.#prefix = prefix;
    return bed.start();
  }

  /** The name of a group's workflow. */
  nameOf(groupId: string): string {
    return new NameSpace(this.#prefix).nameOf(groupId);
  }
}
