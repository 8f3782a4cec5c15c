import { CommanderError } from "commander";
import { CommandError, EXIT_CODES, type ExitCode, exitCodeOf } from "./exit-code.js";
import { visibleLines } from "./output/visible.js";
import { createProgram } from "./program.js";

/**
 * Runs the command and returns its exit code. Results go to the standard output, everything else to the standard
 * error output.
 *
 * @param args - without the program's name: `["get", "schedules"]`
 */
export async function main(args: readonly string[]): Promise<ExitCode> {
  const interrupt = (): never => process.exit(EXIT_CODES.interrupted);
  process.on("SIGINT", interrupt);
  process.exitCode = EXIT_CODES.done;
  try {
    await createProgram(() => process.off("SIGINT", interrupt)).parseAsync(args, { from: "user" });
    return process.exitCode as ExitCode;
  } catch (error) {
    return report(error);
  } finally {
    process.off("SIGINT", interrupt);
  }
}

function report(error: unknown): ExitCode {
  // Commander has written its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.usage;
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  const prefix = typeof code === "string" && !(error instanceof CommandError) ? `${code}: ` : "";
  process.stderr.write(`${visibleLines(prefix + (message ?? String(error)))}\n`);
  return exitCodeOf(error);
}
