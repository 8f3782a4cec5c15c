import { unfitOption } from "@tidegate/core/plugin";
import type { JobFunctions, KnownFunction } from "./function-job.js";

const NAME = /^[A-Za-z0-9_.-]{1,200}$/;

/**
 * Returns the functions of an operator by name.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID when there is none, a name is malformed or a value is not
 * a function
 */
export function checkFunctions(functions: unknown): ReadonlyMap<string, KnownFunction> {
  if (typeof functions !== "object" || functions === null || Array.isArray(functions)) {
    throw unfitOption(
      "JobFunctions",
      "",
      "must be an object of functions by name, such as { load: async () => {} }",
    );
  }
  const entries = Object.entries(functions as JobFunctions);
  if (entries.length === 0) throw unfitOption("JobFunctions", "", "must name at least one function");
  for (const [name, value] of entries) {
    if (!NAME.test(name)) {
      throw unfitOption(
        "JobFunctions",
        name,
        "the name must be 1 to 200 letters, digits, dots, hyphens or underscores",
      );
    }
    if (typeof value === "function") continue;
    if (typeof value !== "object" || value === null)
      throw unfitOption("JobFunctions", name, `must be a function, but is ${typeof value}`);
    for (const member of ["run", "split", "merge"] as const) {
      const given: unknown = value[member];
      if (typeof given === "function" || (member === "merge" && given === undefined)) continue;
      throw unfitOption("JobFunctions", `${name}.${member}`, `must be a function, but is ${typeof given}`);
    }
  }
  return new Map(
    entries.map(([name, value]) => [name, typeof value === "function" ? { run: value } : value]),
  );
}
