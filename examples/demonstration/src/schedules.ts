import { join } from "node:path";
import type { ScheduleInfo } from "@tidegate/core";
import type { Flight } from "./flights.js";

/** Where the demonstration reads, writes, and when. */
export interface Plan {
  readonly directory: string;
  readonly startAt: number;
  readonly endAt: number;
  /** The port of the dashboard; 0 for a free one. */
  readonly port: number;
  /** Whether the dashboard stays up after the proof. */
  readonly staysUp: boolean;
}

/** One synchronization: its schedule, and which flights its target has to have in the end. */
export interface Synchronization {
  readonly groupId: string;
  readonly isCopied: (flight: Flight) => boolean;
  readonly schedule: ScheduleInfo;
}

const COLUMNS = {
  flight_no: "INTEGER",
  known_at: "TIMESTAMP",
  departed: "VARCHAR",
  delay: "INTEGER",
  distance: "INTEGER",
  origin: "VARCHAR",
  destination: "VARCHAR",
};

/** The source is complete half a second after the fact, or later on a busy machine; intervals are run when it surely is. */
const DELAY_MS = 4_000;

/** The file with everything that operators were asked and have answered, written apart from the ledger. */
export function recordingOf(plan: Plan): string {
  return join(plan.directory, "jobs.jsonl");
}

/** Three schedules over one source: each second, every two seconds by SQL, every five by cron. */
export function synchronizations(plan: Plan): Synchronization[] {
  const path = join(plan.directory, "source", "*.json");
  const source = { format: "json", path, timeColumn: "known_at", columns: COLUMNS };
  const longHaul = `SELECT * FROM read_json('${path}', format = 'newline_delimited', columns = {${Object.entries(
    COLUMNS,
  )
    .map(([name, type]) => `${name}: '${type}'`)
    .join(", ")}}) WHERE known_at >= $lower AND known_at < $upper AND distance >= 1000`;
  const common = {
    startTime: plan.startAt,
    endTime: plan.endAt,
    delayMs: DELAY_MS,
    backoff: { initialMs: 500 },
    // A run succeeds when the target has exactly the source's rows of its interval.
    verify: { rows: "equal", checksum: true },
  } as const;
  const make = (
    groupId: string,
    isCopied: (flight: Flight) => boolean,
    rest: Pick<ScheduleInfo, "trigger">,
    what: object,
  ): Synchronization => {
    const target = join(plan.directory, "target", groupId);
    const job = { ...what, target: { path: target } } as NonNullable<ScheduleInfo["job"]>;
    return { groupId, isCopied, schedule: { groupId, ...common, ...rest, job } };
  };
  return [
    make("all-flights", () => true, { trigger: { type: "period", every: 1, unit: "second" } }, { source }),
    make(
      "long-haul",
      ({ distance }) => distance >= 1_000,
      { trigger: { type: "period", every: 2, unit: "second" } },
      { sql: longHaul },
    ),
    make("every-five", () => true, { trigger: { type: "cron", expression: "*/5 * * * * *" } }, { source }),
  ];
}
