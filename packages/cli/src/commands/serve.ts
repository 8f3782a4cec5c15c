import type { Command } from "commander";
import { wholeNumber } from "../input/arguments.js";
import type { ServeOptions } from "../serve/settings.js";
import { printerOf } from "../session.js";

/** Adds `serve`. @param keepRunning - lets this command handle signals */
export function addServe(program: Command, keepRunning: () => void): void {
  program
    .command("serve")
    .description("run a manager: SQLite in ./.tidegate, the embedded engine, DuckDB and HTTP jobs")
    .option(
      "--config <file>",
      "settings (default: tidegate.yaml, tidegate.yml or tidegate.json of this folder)",
    )
    .option("--host <address>", "address to listen on (default: 127.0.0.1); others need TIDEGATE_TOKEN")
    .option("--port <n>", "port to listen on; 0 chooses a free one (default: 8080)", wholeNumber(0, 65_535))
    .option("--data <file>", "the database (default: .tidegate/tidegate.db)")
    .action(async (options: ServeOptions, command: Command) => {
      const [{ authorizeOf, serve }, { readServeSettings }] = await Promise.all([
        import("../serve/serve.js"),
        import("../serve/settings.js"),
      ]);
      const settings = await readServeSettings(options);
      const stopping = stopRequested(keepRunning);
      const { url, manager } = await serve(settings, authorizeOf(process.env));
      const printer = printerOf(command.optsWithGlobals(), "table");
      const dashboard = `${url}/dashboard/`;
      const text = `Tidegate is at ${url}, its dashboard at ${dashboard}, its database at ${settings.store.path}.`;
      await printer.result({ url, dashboard, database: settings.store.path }, text);
      await stopping;
      printer.note("Stopping ...");
      await manager.close();
    });
}

/** Resolves at the first signal to stop; the second one ends the process. */
function stopRequested(keepRunning: () => void): Promise<void> {
  keepRunning();
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
