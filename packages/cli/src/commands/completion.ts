import { Argument, type Command } from "commander";
import { type ConnectOptions, connect } from "../api/connect.js";
import { candidates } from "../completion/candidates.js";
import { SCRIPTS } from "../completion/scripts.js";
import { hasHidden } from "../output/visible.js";

/** Nobody waits longer for a suggestion. */
const LONGEST_WAIT = "2s";

const MOST_GROUPS = 100;

/** The words of a shell that cannot give them as such. */
interface WordOptions {
  readonly before?: string;
  readonly typed?: string;
}

/** Adds `completion`, and the command that its scripts call. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes commands, options and ids of groups")
    .addArgument(new Argument("<shell>").choices(Object.keys(SCRIPTS)))
    .addHelpText(
      "after",
      "\nbash: source <(tidegate completion bash)\nzsh:  source <(tidegate completion zsh)\nfish: tidegate completion fish | source\npwsh: tidegate completion pwsh | Out-String | Invoke-Expression",
    )
    .action((shell: keyof typeof SCRIPTS) => {
      process.stdout.write(SCRIPTS[shell]);
    });

  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .option("--before <text>", "the words before the last one, parted by tabs")
    .option("--typed <text>", "the last word")
    .action(async (given: string[], { before = "", typed }: WordOptions) => {
      const words = typed === undefined ? given : [...before.split("\t").filter(Boolean), typed];
      const found = await candidates(program, words, (prefix) => groupIds(prefix, targetIn(words)));
      const lines = found.filter((each) => !hasHidden(each));
      if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
    });
}

async function groupIds(prefix: string, options: ConnectOptions): Promise<string[]> {
  try {
    const { api, close } = await connect({ ...options, timeout: LONGEST_WAIT });
    const { items } = await api.list({ groupIdPrefix: prefix }, { limit: MOST_GROUPS });
    await close();
    return items.map(({ spec }) => spec.groupId);
  } catch {
    // A suggestion is no place for an error.
    return [];
  }
}

/** Returns the manager that the words name. */
function targetIn(words: readonly string[]): ConnectOptions {
  const textAfter = (name: string): string | undefined => {
    const at = words.indexOf(`--${name}`);
    return at === -1 ? undefined : words[at + 1];
  };
  const entries = ["url", "context", "store"].map((name) => [name, textAfter(name)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
