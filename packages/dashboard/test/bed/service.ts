import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createTidegate,
  type Run,
  type ScheduleInfo,
  type Tidegate,
  type TidegateOptions,
} from "@tidegate/core";
import type { OffsetProvider } from "@tidegate/core/offset";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager, type ManagerOptions } from "@tidegate/manager";
import { functionOperator } from "@tidegate/operator-function";
import { sqliteStore } from "@tidegate/store-sqlite";
import { dashboard } from "../../src/index.js";

/** A manager with the dashboard. */
export interface Service {
  readonly url: string;
  readonly tidegate: Tidegate;
  /** Lets all jobs succeed from now on. */
  mend(): void;
  close(): Promise<void>;
}

/** Text that would be markup, colours of a terminal, and a mark that turns the direction around. */
export const HOSTILE = "<img src=x onerror=alert(1)> \u001b[31mred\u001b[0m \u202eright-to-left";

const HOUR = 3_600_000;

/** A source of two partitions, which does not grow. */
const LOG: OffsetProvider = {
  sourceType: "log",
  bounds: async () => ({
    earliest: { "0": "0", "1": "0" },
    latest: { "0": "1200", "1": "34" },
    incarnation: "first",
    at: Date.now(),
  }),
  compare: (_partition, a, b) => Number(a) - Number(b),
};

/**
 * Starts a manager on SQLite. Jobs fail in the hours that their `args` name.
 *
 * @param fill - writes the database before
 * @param engines - beside the embedded one
 */
export async function startService(
  options: Partial<ManagerOptions> = {},
  port = 0,
  fill?: (path: string) => Promise<void>,
  engines: NonNullable<TidegateOptions["engines"]> = [],
): Promise<Service> {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-dashboard-"));
  const path = join(directory, "tidegate.db");
  await fill?.(path);
  let isMended = false;
  const operator = functionOperator({
    load: {
      split: () => ({ shards: ["east", "west"].map((key) => ({ key, args: {} })) }),
      run: ({ args, lower, log }) => {
        const hours = (args.failsAt ?? []) as readonly number[];
        if (!isMended && hours.includes(lower.getTime())) {
          log(`Reading ${lower.toISOString()}\nRefused: ${HOSTILE}`);
          throw new Error(`The target has refused a batch.\nCaused by: ${HOSTILE}`);
        }
        return { rowsRead: 1_000 + lower.getUTCHours(), rowsWritten: 1_000 + lower.getUTCHours() };
      },
    },
  });
  const tidegate = createTidegate({
    store: sqliteStore({ path }),
    engines: [embeddedEngine(), ...engines],
    operators: [operator],
    offsetProviders: [LOG],
  });
  const manager = createManager({ tidegate, dashboard: builtDashboard(), logger: false, ...options });
  const url = await manager.listen({ port });
  return {
    url,
    tidegate,
    mend: () => {
      isMended = true;
    },
    close: async () => {
      await manager.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The pages as they are built. */
export function builtDashboard(): { readonly directory: string } {
  const { directory } = dashboard();
  return { directory: directory.replace(/src[\\/]web$/, "dist/web") };
}

/** Begins before the night of 26 October 2025, in which Berlin has 25 hours. */
const AUTUMN = Date.parse("2025-10-20T00:00:00+02:00");
const hour = (index: number) => AUTUMN + index * HOUR;

const common = {
  timezone: "Europe/Berlin",
  maxAttempts: 1,
  backoff: { initialMs: 0 },
} satisfies Partial<ScheduleInfo>;

const HOURLY = { type: "period", every: 1, unit: "hour" } as const;

/** Groups in all the states that pages tell apart. */
export const GROUPS: readonly ScheduleInfo[] = [
  {
    ...common,
    groupId: "orders",
    description: "Orders of the shop, into the warehouse",
    labels: { team: "sales", tier: "gold" },
    trigger: HOURLY,
    startTime: AUTUMN,
    endTime: hour(8 * 24 + 1),
    overlap: "allow",
    onFailure: "continue",
    maxAttempts: 2,
    job: { args: { failsAt: [hour(50), hour(51), hour(130), hour(175)] } },
  },
  {
    ...common,
    groupId: "payments",
    labels: { team: "finance" },
    trigger: HOURLY,
    startTime: AUTUMN,
    endTime: hour(72),
    job: { args: { failsAt: [hour(20)] } },
  },
  {
    ...common,
    groupId: "clicks",
    description: HOSTILE,
    labels: { note: "<b>bold</b>" },
    trigger: { type: "period", every: 6, unit: "hour" },
    startTime: AUTUMN,
    endTime: hour(10 * 24),
    catchup: "coalesce",
  },
  {
    ...common,
    groupId: "customers",
    trigger: { type: "cron", expression: "0 2 * * *" },
    startTime: "2025-08-01T02:00:00+02:00",
    endTime: "2025-11-01T02:00:00+01:00",
    overlap: "allow",
    maxActiveRuns: 50,
  },
  {
    ...common,
    groupId: "billing",
    labels: { team: "finance" },
    trigger: { type: "period", every: 1, unit: "day" },
    startTime: AUTUMN,
    endTime: AUTUMN + 6 * 24 * HOUR,
    dependsOn: { groupId: "vendor" },
  },
  { ...common, groupId: "returns", trigger: { type: "cron", expression: "0 0 * * 1" }, startTime: AUTUMN },
];

/** Registers the groups and waits until all that can run has. */
export async function fillService({ tidegate }: Service): Promise<void> {
  const { client } = tidegate;
  await client.registerSource({ groupId: "vendor", startTime: AUTUMN, timezone: "Europe/Berlin" });
  const delivery = { lower: AUTUMN, upper: AUTUMN + 4 * 24 * HOUR };
  await client.reportCoverage("vendor", { ...delivery, version: "1" });
  for (const group of GROUPS) {
    if (group.groupId !== "returns") await client.register(group);
  }
  await client.register({ ...GROUPS.at(-1)!, catchup: "drop" });
  await client.pause("returns", `Wait for the new warehouse ${HOSTILE}`);
  await settled(tidegate, ["orders", "clicks", "customers"]);
  await until(async () => (await client.get("payments")).blockingRuns > 0);
  await until(async () => (await count(tidegate, "billing", ["SUCCEEDED"])) === 4);
  await client.seal("orders", hour(48), "The books are closed.");
  await client.reportCoverage("vendor", {
    lower: AUTUMN + 24 * HOUR,
    upper: AUTUMN + 48 * HOUR,
    version: "2",
  });
  const { items } = await client.runs({ groupId: "orders", states: ["SUCCEEDED"] }, { limit: 60 });
  await client.update(
    { ...GROUPS[0]!, description: "Orders of the shops, into the warehouse" },
    { version: 1 },
  );
  await client.trigger("orders", items.at(-1)!);
  await settled(tidegate, ["orders"]);
}

async function settled(tidegate: Tidegate, groupIds: readonly string[]): Promise<void> {
  for (const groupId of groupIds) {
    await until(async () => {
      const { watermark, spec } = await tidegate.client.get(groupId);
      return watermark === spec.endTime && (await count(tidegate, groupId, OPEN)) === 0;
    });
  }
}

const OPEN = ["PLANNED", "SUBMITTING", "RUNNING"] as const;

async function count(tidegate: Tidegate, groupId: string, states: readonly Run["state"][]): Promise<number> {
  return (await tidegate.client.runs({ groupId, states }, { limit: 1_000 })).items.length;
}

/** Resolves when a condition holds, however long that takes; the runner ends a test that waits for ever. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  // The manager works in this process: it needs the turns of the event loop in between.
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
