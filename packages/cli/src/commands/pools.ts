import type { PoolInfo } from "@tidegate/core";
import { type Command, InvalidArgumentError } from "commander";
import { deletePoolEffect, setPoolEffect } from "../dry-run/pools.js";
import { each, writing } from "../dry-run/writing.js";
import { wholeNumber } from "../input/arguments.js";
import { requireDuration } from "../input/duration.js";
import { POOLS } from "../output/columns.js";

interface PoolOptions {
  readonly slots: number;
  readonly perSecond?: number;
  readonly backfillShare?: number;
  readonly reserveAfter?: string;
}

/** Adds `pools`. */
export function addPools(program: Command): void {
  const pools = program.command("pools").description("create, change and delete pools; see also get pools");

  writing<[name: string, options: PoolOptions]>(
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
      ),
    {
      foresee: async (api, name, options) => [await setPoolEffect(api, infoOf(name, options))],
      act: async ({ api, printer }, name, options) =>
        printer.list([await api.setPool(infoOf(name, options))], POOLS),
    },
  );

  writing<[names: string[], options: object]>(
    pools
      .command("delete")
      .description("delete pools that no schedule and no planned run needs")
      .argument("<pool...>", "names of pools"),
    {
      foresee: (api, names) => each(names, (name) => deletePoolEffect(api, name)),
      act: async ({ api, printer }, names) => {
        for (const name of names) {
          await api.deletePool(name);
          await printer.result({ name }, `${name} is deleted.`);
        }
      },
    },
  );
}

function infoOf(name: string, { slots, perSecond, backfillShare, reserveAfter }: PoolOptions): PoolInfo {
  return {
    name,
    slots,
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(backfillShare === undefined ? {} : { backfillShare }),
    ...(reserveAfter === undefined
      ? {}
      : { reserveAfterMs: requireDuration(reserveAfter, "--reserve-after") }),
  };
}

/** Parses a number of an option. */
function decimal(text: string): number {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number such as 2 or 0.5.");
}
