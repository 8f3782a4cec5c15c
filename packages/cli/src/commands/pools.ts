import { type Command, InvalidArgumentError } from "commander";
import { wholeNumber } from "../input/arguments.js";
import { requireDuration } from "../input/duration.js";
import { POOLS } from "../output/columns.js";
import { action } from "../session.js";

interface PoolOptions {
  readonly slots: number;
  readonly perSecond?: number;
  readonly backfillShare?: number;
  readonly reserveAfter?: string;
}

/** Adds `pools`. */
export function addPools(program: Command): void {
  const pools = program.command("pools").description("create, change and delete pools; see also get pools");

  pools
    .command("set")
    .description("create a pool, or change it; fewer slots than are used end no run")
    .argument("<pool>", "name of the pool")
    .requiredOption("--slots <n>", "how many slots its runs share", wholeNumber(1, 1_000_000))
    .option("--per-second <n>", "how many of its runs may begin in a second", decimal)
    .option("--backfill-share <share>", "the share of slots that backfills may use, 0 to 1", decimal)
    .option(
      "--reserve-after <duration>",
      "how long a run that needs many slots waits before some are kept for it",
    )
    .action(
      action(async ({ api, printer }, name: string, { reserveAfter, ...options }: PoolOptions) => {
        const reserveAfterMs =
          reserveAfter === undefined
            ? {}
            : { reserveAfterMs: requireDuration(reserveAfter, "--reserve-after") };
        await printer.list([await api.setPool({ name, ...options, ...reserveAfterMs })], POOLS);
      }),
    );

  pools
    .command("delete")
    .description("delete pools that no schedule and no planned run needs")
    .argument("<pool...>", "names of pools")
    .action(
      action(async ({ api, printer }, names: string[]) => {
        for (const name of names) {
          await api.deletePool(name);
          await printer.result({ name }, `${name} is deleted.`);
        }
      }),
    );
}

/** Parses a number of an option. */
function decimal(text: string): number {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number such as 2 or 0.5.");
}
