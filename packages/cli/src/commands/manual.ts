import type { Command } from "commander";
import { manualOf } from "../completion/manual.js";
import { visibleLines } from "../output/visible.js";
import { version } from "../version.js";

const AFTER = {
  "Exit status": [
    "0 done; 1 failed; 2 the command line, a file or a value is malformed; 3 not found; 4 the state does not allow it, or it was changed meanwhile; 5 the manager or the store does not answer; 6 answered in the negative; 130 interrupted.",
  ],
  Environment: [
    "TIDEGATE_URL: the manager's address.",
    "TIDEGATE_TOKEN: the manager's token; it is never an option, which others could read.",
    "NO_COLOR: no emphasis.",
  ],
  Files: ["~/.config/tidegate/config.json: managers by name, for --context."],
} as const;

/** Adds `man`. */
export function addManual(program: Command): void {
  program
    .command("man")
    .description("print this manual as a page for man")
    .addHelpText("after", "\nRead it: tidegate man | man -l -")
    .action(() => {
      process.stdout.write(visibleLines(manualOf(program, { version: version(), after: AFTER })));
    });
}
