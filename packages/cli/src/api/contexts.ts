import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { CommandError } from "../exit-code.js";

const context = z.strictObject({
  url: z.string().describe("The manager's address, prefix included."),
  tokenEnv: z.string().optional().describe("The environment variable that has the token."),
  tokenFile: z.string().optional().describe("The file that has the token."),
});

const config = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string(), context).default({}),
});

/** A manager that is known by a name. */
export type Context = z.infer<typeof context>;

/**
 * Returns a context of the user's configuration.
 *
 * @param name - @default the current one
 * @throws CommandError if the file is malformed, or has no context of that name
 */
export function readContext(name: string | undefined): Context | undefined {
  const file = configFile();
  const { current, contexts } = readConfig(file);
  const wanted = name ?? current;
  if (wanted === undefined) return undefined;
  if (Object.hasOwn(contexts, wanted)) return contexts[wanted];
  const known = Object.keys(contexts).join(", ") || "none";
  throw new CommandError(`${file}: has no context ${wanted}; it has: ${known}.`);
}

function configFile(): string {
  const { XDG_CONFIG_HOME } = process.env;
  return join(XDG_CONFIG_HOME || join(homedir(), ".config"), "tidegate", "config.json");
}

function readConfig(file: string): z.infer<typeof config> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { contexts: {} };
    throw new CommandError(`${file}: ${(error as Error).message}.`);
  }
  try {
    return config.parse(JSON.parse(text));
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const problem =
      issue === undefined ? (error as Error).message : `${issue.path.join(".")}: ${issue.message}`;
    throw new CommandError(`${file}: ${problem}.`);
  }
}
