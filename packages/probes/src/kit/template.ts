import type { ProbeQuestion } from "@tidegate/core/probe";
import {
  hasLooseBraces,
  isBound,
  namesIn,
  placeholderOf,
  placeholderText,
  replaceNames,
  unknownPlaceholder,
} from "@tidegate/operator-kit";
import { z } from "zod";

/** Longest template, characters. */
const LONGEST = 10_000;

/**
 * The schema of a text with placeholders of the interval, such as `orders/{{lower.date}}`: those of an
 * operator's texts, bounds alone, in the schedule's time zone.
 */
export const template = z
  .string()
  .min(1)
  .max(LONGEST)
  .superRefine((text, context) => {
    const problem = problemWith(text);
    if (problem !== undefined) context.addIssue(problem);
  });

/**
 * Fills in a template.
 *
 * @param written - how a value is written, such as percent-encoded. @default as it is
 */
export function filled(
  text: string,
  { interval: { lower, upper }, timezone }: Pick<ProbeQuestion, "interval" | "timezone">,
  written: (value: string) => string = (value) => value,
): string {
  const request = {
    boundaryType: "TIME",
    lowerBound: String(lower),
    upperBound: String(upper),
    scheduledTime: upper,
    groupId: "",
    runId: "",
  } as const;
  return replaceNames(text, (name) => {
    const placeholder = placeholderOf(name);
    return isBound(placeholder) ? written(placeholderText(placeholder, { request, timezone }, "")) : "";
  });
}

function problemWith(text: string): string | undefined {
  if (hasLooseBraces(text)) return "{{ without }} behind it";
  for (const name of namesIn(text)) {
    const placeholder = placeholderOf(name);
    if (placeholder === undefined) return unknownPlaceholder(name);
    if (!isBound(placeholder) || placeholder.bound === "scheduled" || placeholder.format === "offset")
      return `{{${name}}} is not a time of the interval`;
  }
  return undefined;
}
