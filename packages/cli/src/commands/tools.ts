import { statSync } from "node:fs";
import type { Command } from "commander";
import { printEffects, refused } from "../dry-run/effect.js";
import { DRY_RUN, type DryRunOptions } from "../dry-run/writing.js";
import { printerOf } from "../session.js";

/** Adds the commands that need no manager: `backup`, `dag-factory`, `group-secret` and `token`. */
export function addTools(program: Command): void {
  program
    .command("backup")
    .description("copy a SQLite database whose manager is not running")
    .argument("<database>")
    .argument("<destination>")
    .option(DRY_RUN, "only show what would be written")
    .action(async (database: string, destination: string, { dryRun }: DryRunOptions, command: Command) => {
      if (dryRun === true) return showFile(command, destination, database);
      const { SqliteStore } = await import("@tidegate/store-sqlite");
      const store = new SqliteStore({ path: database, mustExist: true });
      try {
        await store.openFile();
        await store.backup(destination);
        process.stderr.write(`${destination} is written.\n`);
      } finally {
        await store.close();
      }
    });

  program
    .command("dag-factory")
    .description("print the Python file that Airflow's DAGs folder needs, or copy it there")
    .option("--into <folder>", "copy it into this folder")
    .option(DRY_RUN, "only show what would be written")
    .action(async ({ into, dryRun }: DryRunOptions & { readonly into?: string }, command: Command) => {
      const [{ dagFactoryFile }, { copyFile, readFile }, { basename, join }] = await Promise.all([
        import("@tidegate/engine-airflow"),
        import("node:fs/promises"),
        import("node:path"),
      ]);
      if (into === undefined) {
        process.stdout.write(await readFile(dagFactoryFile));
      } else {
        const file = join(into, basename(dagFactoryFile));
        if (dryRun === true) return showFile(command, file, dagFactoryFile, { mayReplace: true });
        await copyFile(dagFactoryFile, file);
        process.stderr.write(`${file} is in place.\n`);
      }
    });

  program
    .command("group-secret")
    .description("print the secret, or the token, that opens one group at the manager's callback route")
    .argument("<group>", "id of the group")
    .addHelpText("after", "\nThe engine's own is read from TIDEGATE_SECRET, or else from the standard input.")
    .action(async (group: string) => {
      const [{ groupCredential }, { readFileSync }] = await Promise.all([
        import("@tidegate/manager"),
        import("node:fs"),
      ]);
      const own = (process.env.TIDEGATE_SECRET ?? readFileSync(process.stdin.fd, "utf8")).trim();
      process.stdout.write(`${groupCredential(own, group)}\n`);
    });

  program
    .command("token")
    .description(
      "print a new token for a manager and those who call it, at random: both read it from TIDEGATE_TOKEN",
    )
    .action(async () => {
      const { randomBytes } = await import("node:crypto");
      process.stdout.write(`${randomBytes(32).toString("base64url")}\n`);
    });
}

/** Shows that a file would be written, with the size of what it would be copied from. */
async function showFile(
  command: Command,
  file: string,
  source: string,
  { mayReplace = false }: { readonly mayReplace?: boolean } = {},
): Promise<void> {
  const before = statSync(file, { throwIfNoEntry: false });
  const from = statSync(source, { throwIfNoEntry: false });
  if (from === undefined) throw refused("STORE_FAILED", `${source}: there is no such file.`);
  if (before !== undefined && !mayReplace)
    throw refused("STORE_FAILED", `${file}: exists, and would not be overwritten.`);
  const size = (bytes: number): { readonly bytes: number } => ({ bytes });
  const effect = {
    action: before === undefined ? "create" : "replace",
    file,
    summary: `${file} would be ${before === undefined ? "written" : "replaced"}, as a copy of ${source}.`,
    before: before === undefined ? null : size(before.size),
    after: size(from.size),
    notes: [],
  };
  await printEffects(printerOf(command.optsWithGlobals()), [effect]);
}
