/** A definition as it is being written: only the fields that were given, by the names that REST has for them. */
export type Definition = Readonly<Record<string, unknown>>;

/** The steps of the wizard, in their order. */
export const STEPS = ["data", "trigger", "policies", "review"] as const;

export type Step = (typeof STEPS)[number];

const OF_DATA = [
  "groupId",
  "description",
  "labels",
  "operator",
  "job",
  "mode",
  "boundaryType",
  "source",
  "startAt",
];
const OF_TRIGGER = ["trigger", "timezone", "startTime", "endTime", "delayMs", "engine"];

/** Returns the step in which a field is asked for. @param path - such as `job.sql` */
export function stepOf(path: string): Step {
  const [name = ""] = path.split(".");
  if (OF_DATA.includes(name)) return "data";
  return OF_TRIGGER.includes(name) ? "trigger" : "policies";
}

/** Returns what a definition has at a path, such as `trigger.every`. */
export function valueAt(definition: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((of, name) => (isObject(of) ? of[name] : undefined), definition);
}

/** Returns a definition with another value at a path. Without a value, the field goes, and objects that become empty. */
export function withValue(definition: Definition, path: string, value: unknown): Definition {
  const [name = "", ...rest] = path.split(".");
  const inner = definition[name];
  const next = rest.length === 0 ? value : withValue(isObject(inner) ? inner : {}, rest.join("."), value);
  const isGone = next === undefined || (rest.length > 0 && Object.keys(next as object).length === 0);
  const { [name]: _, ...others } = definition;
  if (isGone) return others;
  // A field that was there keeps its place.
  return name in definition ? { ...definition, [name]: next } : { ...others, [name]: next };
}

/** Returns a definition with its fields in the order in which the steps ask for them. */
export function inOrder(definition: Definition): Definition {
  const first = [...OF_DATA, ...OF_TRIGGER].filter((name) => name in definition);
  return { ...Object.fromEntries(first.map((name) => [name, definition[name]])), ...definition };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns what is wrong with a field, for people: a value that is absent has not been typed yet. */
export function problemText(field: string | undefined, message: string): string {
  const isAbsent = field !== undefined && /received undefined\.?$/.test(message);
  return isAbsent ? `${field}: is needed.` : message;
}
