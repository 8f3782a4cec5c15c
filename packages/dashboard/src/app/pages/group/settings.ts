import type { Schedule } from "@tidegate/core";
import { yamlOf } from "../wizard/snippets.js";

/** Returns a schedule's specification as the YAML that `tidegate apply` reads, with its start and its end as people write them. */
export function settingsText(spec: Schedule["spec"]): string {
  const fields = Object.entries(spec).map(([name, value]) => {
    const isInstant = (name === "startTime" || name === "endTime") && typeof value === "number";
    return [name, isInstant ? new Date(value).toISOString() : value] as const;
  });
  return yamlOf(Object.fromEntries(fields));
}
