import { readSizeText } from "@tidegate/client";
import type { FirstRead } from "@tidegate/core";
import { durationText } from "../../time/format.js";
import { type Definition, valueAt } from "./definition.js";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const YEAR_MS = 365.2425 * 86_400_000;

/** Returns when a definition fires, in words: `Every day at 02:00, in Europe/Berlin`. */
export function triggerSentence(definition: Definition): string {
  const zone = String(definition.timezone ?? "UTC");
  const type = valueAt(definition, "trigger.type");
  if (type === "once") return "Once";
  if (type === "cron") {
    const expression = String(valueAt(definition, "trigger.expression") ?? "");
    const words = cronWords(expression) ?? `At the times of the cron expression ${expression}`;
    return `${words}, in ${zone}`;
  }
  const every = Number(valueAt(definition, "trigger.every") ?? 1);
  const unit = String(valueAt(definition, "trigger.unit") ?? "hour");
  return `Every ${every === 1 ? unit : `${every.toLocaleString("en")} ${unit}s`}, in ${zone}`;
}

/** Returns how much the first run would read of its source: `The first run would read at most 35 records.` */
export function firstReadSentence(read: FirstRead): string {
  const { lower, upper } = read;
  const amount = readSizeText(read) ?? `from ${JSON.stringify(lower)} to ${JSON.stringify(upper)}`;
  return `The first run would read ${amount}.`;
}

/** Returns a cron expression of five fields in words, if it is of a form that words are shorter for. */
export function cronWords(expression: string): string | undefined {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  if (month !== "*") return undefined;
  const isDaily = day === "*" && weekday === "*";
  const step = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (minute === "*" && hour === "*" && isDaily) return "Every minute";
  if (step !== undefined && hour === "*" && isDaily && 60 % Number(step) === 0)
    return `Every ${step} minutes`;
  if (!isNumber(minute)) return undefined;
  if (hour === "*" && isDaily) {
    return Number(minute) === 0 ? "Every hour" : `Every hour, ${minute} min after the full hour`;
  }
  const hours = hour.split(",");
  if (!hours.every(isNumber)) return undefined;
  const at = `at ${hours.map((each) => `${each.padStart(2, "0")}:${minute.padStart(2, "0")}`).join(" and ")}`;
  if (isDaily) return `Every day ${at}`;
  if (day !== "*") {
    return weekday === "*" && isNumber(day) ? `On day ${Number(day)} of every month ${at}` : undefined;
  }
  const days = weekday.split(",").map(weekdayWords);
  return days.includes(undefined) ? undefined : `Every ${days.join(" and ")} ${at}`;
}

function weekdayWords(text: string): string | undefined {
  const days = text.split("-").map((each) => {
    const index = NAMES.indexOf(each.toUpperCase());
    return WEEKDAYS[index >= 0 ? index : isNumber(each) ? Number(each) : -1];
  });
  return days.length > 2 || days.includes(undefined) ? undefined : days.join(" to ");
}

function isNumber(text: string): boolean {
  return /^\d{1,2}$/.test(text);
}

/** Returns how often intervals such as these come: `about 8,766 times a year`. */
export function frequencyText(
  intervals: readonly { readonly lower: number; readonly upper: number }[],
): string {
  if (intervals.length < 2) return "";
  const perYear = (intervals.length / (intervals.at(-1)!.upper - intervals[0]!.lower)) * YEAR_MS;
  const count = perYear < 20 ? Math.round(perYear) : Number(perYear.toPrecision(3));
  if (count < 2) return "about once a year, or less";
  return `about ${count.toLocaleString("en")} times a year`;
}

/** How intervals that were missed are handled. */
const CATCHUP: Readonly<Record<string, string>> = {
  each: "Intervals that were missed run one by one.",
  coalesce: "Intervals that were missed run together, in one run.",
  drop: "Of intervals that were missed the newest runs; the others are skipped, and the ledger says so.",
};

const OVERLAP: Readonly<Record<string, string>> = {
  queue: "A run waits until the one before it has ended.",
  allow: "Runs may overlap.",
  "coalesce-pending": "Intervals that wait for a run to end become one run.",
  "cancel-running":
    "A run that has not ended is cancelled when the next is due, which takes over its interval.",
  drop: "An interval that is due while a run is active is skipped, and the ledger says so.",
};

const ON_FAILURE: Readonly<Record<string, string>> = {
  block: "later runs wait for a person",
  continue: "later runs go on",
  pause: "the schedule is paused",
};

/** Returns a definition's policies in sentences. */
export function policySentences(definition: Definition): readonly string[] {
  const { catchup = "each", overlap = "queue", onFailure = "block", maxAttempts = 3, timeoutMs } = definition;
  const attempts = Number(maxAttempts);
  const limit = typeof timeoutMs === "number" ? `, each of at most ${durationText(timeoutMs)}` : "";
  const deadline = valueAt(definition, "deadline.afterMs");
  return [
    CATCHUP[String(catchup)] ?? "",
    OVERLAP[String(overlap)] ?? "",
    `After ${attempts === 1 ? "one attempt" : `${attempts} attempts`}${limit}, ${ON_FAILURE[String(onFailure)]}.`,
    ...(typeof deadline === "number"
      ? [`It has to be done ${durationText(deadline)} after its interval's end.`]
      : []),
  ];
}
