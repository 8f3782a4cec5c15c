import { z } from "zod";

/** The schema of a name by which schedules choose a place that options define. */
export const placeName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

/** Returns the schema of places by name, at least one. */
export function placesOf<T>(place: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z
    .record(placeName, place)
    .refine((all) => Object.keys(all).length > 0, "must name at least one") as z.ZodType<Record<string, T>>;
}

/** Returns the name of the place that a source means: of the only one if it names none; empty if there are several. */
export function chosenPlace(places: object, name: string | undefined): string {
  const names = Object.keys(places);
  return name ?? (names.length === 1 ? names[0]! : "");
}

/** Returns the place that a source means; `undefined` if there is no such place. */
export function placeOf<T>(places: Readonly<Record<string, T>>, name: string | undefined): T | undefined {
  const chosen = chosenPlace(places, name);
  return Object.hasOwn(places, chosen) ? places[chosen] : undefined;
}

/** Returns what is wrong with a source whose place does not exist, as an issue of its schema. */
export function unknownPlace(field: string, places: object): { message: string; path: string[] } {
  return { message: `must be one of ${Object.keys(places).join(", ")}`, path: [field] };
}
