import { NameSpace } from "@tidegate/engine-kit";
import { type BedOptions, ManagerDoor, OutsideBed } from "@tidegate/test-outside";
import type { AirflowServer } from "@tidegate/test-servers";
import { AirflowEngine, type AirflowEngineOptions } from "../../src/index.js";
import { optionsFor } from "./airflow.js";

/** What may be unusual about a bed. */
export interface AirflowBedOptions extends BedOptions {
  readonly engine?: Partial<Pick<AirflowEngineOptions, "url" | "wait">>;
}

/** A manager with its door, around an engine on a real Airflow. */
export class Bed extends OutsideBed<AirflowEngine> {
  #prefix = "";

  /** Makes one and starts it. */
  static async open(airflow: AirflowServer, prefix: string, options: AirflowBedOptions = {}): Promise<Bed> {
    const door = await ManagerDoor.reserve("airflow");
    const engine = new AirflowEngine({ ...optionsFor(airflow, door.url, prefix), ...options.engine });
    const bed = new Bed(engine, door, options);
    bed.#prefix = prefix;
    return bed.start();
  }

  /** The id of a group's DAG. */
  dagOf(groupId: string): string {
    return new NameSpace(this.#prefix).nameOf(groupId);
  }
}
