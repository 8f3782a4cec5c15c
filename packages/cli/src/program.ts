import { Command, Option } from "commander";
import { addAudits } from "./commands/audits.js";
import { addBackfills } from "./commands/backfills.js";
import { addCompletion } from "./commands/completion.js";
import { addDefinitions } from "./commands/definitions.js";
import { addEvents } from "./commands/events.js";
import { addGet } from "./commands/get.js";
import { addLogs } from "./commands/logs.js";
import { addManual } from "./commands/manual.js";
import { addPools } from "./commands/pools.js";
import { addRestatements } from "./commands/restatements.js";
import { addRuns } from "./commands/runs.js";
import { addSchedules } from "./commands/schedules.js";
import { addServe } from "./commands/serve.js";
import { addSourceGroups } from "./commands/source-groups.js";
import { addSources } from "./commands/sources.js";
import { addTools } from "./commands/tools.js";
import { FORMATS } from "./output/printer.js";
import { visibleLines } from "./output/visible.js";
import { version } from "./version.js";

const EXITS = `
Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict, 5 manager or store away, 6 negative finding, 130 interrupted.
Environment: TIDEGATE_URL, TIDEGATE_TOKEN, NO_COLOR.`;

/**
 * Returns the tree of commands.
 *
 * @param keepRunning - called by a command that handles signals itself
 */
export function createProgram(keepRunning: () => void): Command {
  const program = new Command("tidegate")
    .description(
      "Schedules of offline data synchronization, their runs, and the proof that nothing was missed.",
    )
    .version(version(), "-V, --version")
    .option("--url <url>", "the manager's address (default: TIDEGATE_URL, the current context, this machine)")
    .option("--context <name>", "a manager of ~/.config/tidegate/config.json")
    .option("--store <file>", "work on a SQLite database of which no manager is running")
    .option("--namespace <name>", "the namespace in the store of --store")
    .addOption(new Option("-o, --output <format>", "format of results").choices(FORMATS))
    .option("--json", "the same as -o json")
    .option("-q, --quiet", "only results, no notes")
    .option("--timeout <duration>", "how long an answer may take, such as 30s")
    .option("-y, --yes", "confirm everything")
    .option("--no-input", "ask nothing")
    .addHelpText("after", EXITS)
    .showHelpAfterError("Run it with --help for its options.")
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(visibleLines(text)) });
  addServe(program, keepRunning);
  addDefinitions(program);
  addGet(program);
  addSchedules(program);
  addRuns(program);
  addBackfills(program);
  addRestatements(program);
  addAudits(program);
  addEvents(program);
  addLogs(program);
  addSourceGroups(program);
  addSources(program);
  addPools(program);
  addTools(program);
  addCompletion(program);
  addManual(program);
  program
    .command("version")
    .description("print the version")
    .action(() => {
      process.stdout.write(`${version()}\n`);
    });
  return program;
}
