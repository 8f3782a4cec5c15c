import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE_EVERY_MS = 250;
const ORDERS_PER_FILE = 25;

/** Orders that come in as files, while they are being copied. */
export class Orders {
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#timer = setInterval(() => this.#write(), FILE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#write();
  }

  /** A file of orders, each a little later than the one before, from now on: however late the file is, its orders are not. */
  #write(): void {
    const now = Date.now();
    const lines = Array.from({ length: ORDERS_PER_FILE }, (_, index) => {
      const at = now + Math.floor((FILE_EVERY_MS * index) / ORDERS_PER_FILE);
      return `${this.#count + index},${timestamp(at)}\n`;
    });
    const name = `${String(this.#count).padStart(8, "0")}.csv`;
    this.#count += ORDERS_PER_FILE;
    // Flink overlooks files that begin with a dot, so that it sees none half written.
    writeFileSync(join(this.#folder, `.${name}`), lines.join(""));
    renameSync(join(this.#folder, `.${name}`), join(this.#folder, name));
  }
}

/** All orders in the files below a folder, but for hidden ones, sorted. */
export function rowsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.split("/").some((part) => part.startsWith(".")))
    .flatMap((path) => linesOf(join(folder, path)))
    .map(orderIn)
    .sort();
}

/** The rows that were ordered in `[from, to)`. */
export function rowsBetween(rows: readonly string[], from: number, to: number): string[] {
  return rows.filter((row) => {
    const at = Date.parse(row.slice(row.indexOf(",") + 1));
    return at >= from && at < to;
  });
}

/** Flink quotes timestamps and leaves out zeros at their end. */
function orderIn(line: string): string {
  const [id = "", orderedAt = ""] = line.replaceAll('"', "").split(",");
  return `${id},${new Date(`${orderedAt.replace(" ", "T")}Z`).toISOString()}`;
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EISDIR") return [];
    throw error;
  }
}

function timestamp(at: number): string {
  return new Date(at).toISOString().slice(0, -1).replace("T", " ");
}
