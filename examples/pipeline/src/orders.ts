import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lake } from "./lake.js";

const FILE_EVERY_MS = 500;
const ORDERS_PER_FILE = 20;
const PRODUCTS = ["tea", "coffee", "cocoa"] as const;

/** An order as the source has it. */
export interface Order {
  readonly id: number;
  readonly product: string;
  readonly cents: number;
  /** Epoch ms. */
  readonly orderedAt: number;
}

/** Orders that come in as files, while they are being loaded. */
export class Orders {
  readonly #folder: string;
  readonly #aside: string;
  readonly #timer: NodeJS.Timeout;
  #count = 0;

  constructor({ source, folder }: Lake) {
    this.#folder = source;
    this.#aside = join(folder, "half-written");
    for (const each of [this.#folder, this.#aside]) mkdirSync(each, { recursive: true });
    this.#write();
    this.#timer = setInterval(() => this.#write(), FILE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A file of orders of the next half second: however late the file is, its orders are not. */
  #write(): void {
    const now = Date.now();
    const lines = Array.from({ length: ORDERS_PER_FILE }, (_, index) => {
      const id = this.#count + index;
      const at = new Date(now + Math.floor((FILE_EVERY_MS * index) / ORDERS_PER_FILE));
      const orderedAt = at.toISOString().slice(0, -1).replace("T", " ");
      return `${id},${PRODUCTS[id % PRODUCTS.length]},${100 + ((id * 37) % 900)},${orderedAt}\n`;
    });
    const name = `${String(this.#count).padStart(8, "0")}.csv`;
    this.#count += ORDERS_PER_FILE;
    // Renamed from elsewhere, so that no load sees a file half written.
    writeFileSync(join(this.#aside, name), lines.join(""));
    renameSync(join(this.#aside, name), join(this.#folder, name));
  }
}

/** The orders in `[from, to)`, in order of their ids. */
export function ordersOf({ source }: Lake, from: number, to: number): Order[] {
  return readdirSync(source)
    .flatMap((name) => readFileSync(join(source, name), "utf8").trim().split("\n"))
    .map((line) => {
      const [id, product = "", cents, at = ""] = line.split(",");
      return {
        id: Number(id),
        product,
        cents: Number(cents),
        orderedAt: Date.parse(`${at.replace(" ", "T")}Z`),
      };
    })
    .filter(({ orderedAt }) => orderedAt >= from && orderedAt < to)
    .sort((a, b) => a.id - b.id);
}
