import { join } from "node:path";

/** The folders through which the groups of a pipeline pass their rows on. */
export class Lake {
  constructor(readonly folder: string) {}

  /** Where files of orders come in. */
  get source(): string {
    return join(this.folder, "source");
  }

  /** A file of each load. */
  get orders(): string {
    return join(this.folder, "orders");
  }

  /** A folder of each interval: its orders with their tax. */
  get taxed(): string {
    return join(this.folder, "taxed");
  }

  /** A folder of each interval: its sum of each product. */
  get totals(): string {
    return join(this.folder, "totals");
  }

  /** A partition of each interval. */
  get exported(): string {
    return join(this.folder, "exported");
  }
}
