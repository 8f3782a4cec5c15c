import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A flight of the public data set, with the moment at which the replay makes it known. */
export interface Flight {
  readonly flight_no: number;
  /** ISO 8601, UTC: the replay's own time. */
  readonly known_at: string;
  /** As the data set has it. */
  readonly departed: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

interface RawFlight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/**
 * 10,000 flights of 2001 (vega-datasets), in order, their three months pressed into the replay's time. The gaps between
 * them are kept in proportion, nights included.
 */
export function loadFlights(startAt: number, lengthMs: number): Flight[] {
  const main = createRequire(import.meta.url).resolve("vega-datasets");
  const path = join(dirname(dirname(main)), "data", "flights-10k.json");
  const raw = JSON.parse(readFileSync(path, "utf8")) as RawFlight[];
  const timed = raw
    .map((flight) => ({
      ...flight,
      at: Date.parse(`${flight.date.replaceAll("/", "-").replace(" ", "T")}:00Z`),
    }))
    .sort((a, b) => a.at - b.at);
  const first = timed[0]!.at;
  const span = timed.at(-1)!.at - first + 1;
  return timed.map(({ at, date, delay, distance, origin, destination }, index) => ({
    flight_no: index,
    known_at: new Date(startAt + Math.floor(((at - first) / span) * lengthMs)).toISOString(),
    departed: date,
    delay,
    distance,
    origin,
    destination,
  }));
}

/** A source that grows: every half second the flights that became known are added as one more file of JSON lines. */
export class GrowingSource {
  readonly #directory: string;
  readonly #flights: readonly Flight[];
  #written = 0;
  #files = 0;

  constructor(directory: string, flights: readonly Flight[]) {
    this.#directory = directory;
    this.#flights = flights;
    mkdirSync(directory, { recursive: true });
    // Readers need a file to learn the columns from, also before the first flight.
    this.#writeFile([]);
  }

  get rowsWritten(): number {
    return this.#written;
  }

  /** Adds all that is known by now. A file is complete when it gets its name. */
  grow(now: number): void {
    const known = this.#flights.slice(this.#written).filter(({ known_at }) => Date.parse(known_at) <= now);
    if (known.length > 0) this.#writeFile(known);
    this.#written += known.length;
  }

  #writeFile(flights: readonly Flight[]): void {
    const path = join(this.#directory, `flights-${String(this.#files).padStart(4, "0")}.json`);
    this.#files += 1;
    writeFileSync(`${path}.part`, flights.map((flight) => `${JSON.stringify(flight)}\n`).join(""));
    renameSync(`${path}.part`, path);
  }
}
