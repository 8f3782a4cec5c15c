import type { z } from "zod";
import { ConfigurationError } from "../errors/errors.js";

/**
 * Validates a plugin's options and returns them with the schema's defaults.
 *
 * @param type - the name of the options' type, with which the message begins
 * @throws ConfigurationError CONFIGURATION_INVALID with the path of the first offending option. Its value is
 *   in the message only if the schema puts it there.
 */
export function parseOptions<Parsed>(type: string, schema: z.ZodType<Parsed>, options: unknown): Parsed {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw unfitOption(type, path.map(String).join("."), message);
}

/**
 * Returns the error for an option that a schema alone cannot judge.
 *
 * @param problem - without a full stop at its end, and without the value if that is secret
 */
export function unfitOption(type: string, field: string, problem: string): ConfigurationError {
  return new ConfigurationError("CONFIGURATION_INVALID", `${type} ${field}: ${problem}.`, { field });
}
