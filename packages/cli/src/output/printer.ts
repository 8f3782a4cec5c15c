import { type Column, tableText } from "./table.js";
import { visibleJson, visibleLines } from "./visible.js";

/** Formats of results. Field names of all but `table` are those of the REST interface. */
export const FORMATS = ["table", "json", "yaml", "jsonl"] as const;

/** A format of results. */
export type Format = (typeof FORMATS)[number];

/** Settings of a `Printer`. */
export interface PrinterOptions {
  readonly format: Format;
  readonly isQuiet: boolean;
}

/** Writes results to the standard output, and notes for people to the standard error output. */
export class Printer {
  readonly #options: PrinterOptions;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  /** Whether results are read by a person. */
  get isForPeople(): boolean {
    return this.#options.format === "table";
  }

  /** Prints a list. */
  async list<T>(items: readonly T[], columns: readonly Column<T>[]): Promise<void> {
    if (this.#options.format === "jsonl") return this.#write(items.map(jsonLine).join("\n"));
    if (!this.isForPeople) return this.value(items);
    if (items.length === 0) this.note("None.");
    else this.#write(tableText(columns, items));
  }

  /** Prints one result: as a text for people, or as it is. */
  async result(value: unknown, text: string): Promise<void> {
    if (!this.isForPeople) return this.value(value);
    if (!this.#options.isQuiet) this.#write(visibleLines(text));
  }

  /** Prints a value as JSON or YAML. */
  async value(value: unknown): Promise<void> {
    if (this.#options.format === "yaml") {
      const { yamlText } = await import("./yaml-text.js");
      this.#write(yamlText(value).trimEnd());
    } else {
      const isLine = this.#options.format === "jsonl";
      this.#write(isLine ? jsonLine(value) : visibleJson(JSON.stringify(value, undefined, 2)));
    }
  }

  /** Prints one of many results that come as time passes: a line of JSON, whatever the format. */
  line(value: unknown): void {
    this.#write(jsonLine(value));
  }

  /** Prints a text for people as a result. */
  text(text: string): void {
    this.#write(visibleLines(text));
  }

  /** Prints a note beside the result. */
  note(text: string): void {
    if (!this.#options.isQuiet) process.stderr.write(`${visibleLines(text)}\n`);
  }

  #write(text: string): void {
    if (text !== "") process.stdout.write(`${text}\n`);
  }
}

function jsonLine(value: unknown): string {
  return visibleJson(JSON.stringify(value));
}
