import { queryOptions } from "@tanstack/react-query";
import type { ScheduleInfo } from "@tidegate/core";
import { useEffect, useState } from "react";
import { manager } from "../../api/connection.js";
import { queryClient } from "../../api/query-client.js";
import { type Definition, problemText } from "./definition.js";
import type { Refusal } from "./use-wizard.js";

/** How long nothing is typed before the manager is asked, ms. */
const PAUSE_MS = 150;

const INTERVALS = 20;

/**
 * Intervals to come of a definition, or why it is refused. A group that has no name yet does not hinder it.
 *
 * @param firstRead - whether the manager asks the source how much the first run would read. @default false
 */
export const previewQuery = (definition: Definition, firstRead = false) =>
  queryOptions({
    queryKey: ["preview", definition, firstRead],
    queryFn: ({ signal }) => {
      const info = { groupId: "new-group", ...definition } as unknown as ScheduleInfo;
      return manager.withSignal(signal).preview(info, INTERVALS, { from: Date.now(), firstRead });
    },
    staleTime: 60_000,
    gcTime: 60_000,
    placeholderData: (before) => before,
  });

/** Returns why the manager, or the wizard itself, refuses a definition; `undefined` if nothing does. */
export async function refusalOf(definition: Definition): Promise<Refusal | undefined> {
  try {
    await queryClient.fetchQuery({ ...previewQuery(definition), retry: false });
    return groupRefusal(definition);
  } catch (error) {
    return groupRefusal(definition) ?? refusalFrom(error);
  }
}

/** Returns what an error says about the definition. */
export function refusalFrom(error: unknown): Refusal {
  const { field, message } = error as { readonly field?: string; readonly message: string };
  return { field, message: problemText(field, message) };
}

/** Returns what is wrong with a definition that the preview does not check: it has no group. */
export function groupRefusal({ groupId }: Definition): Refusal | undefined {
  return groupId === undefined ? { field: "groupId", message: "groupId: is needed." } : undefined;
}

/** Returns a value once it has not changed for a moment. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
