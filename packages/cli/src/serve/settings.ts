import { existsSync } from "node:fs";
import type { TidegateSettings } from "@tidegate/core";
import type { SqliteStoreOptions } from "@tidegate/store-sqlite";
import { z } from "zod";
import { DEFAULT_PORT } from "../api/connect.js";
import { CommandError } from "../exit-code.js";
import { textOf } from "../input/text-file.js";
import { parseYaml } from "../input/yaml-file.js";
import type { OperatorSettings } from "./operators.js";

/** Files that are read if none is named. */
const FILES = ["tidegate.yaml", "tidegate.yml", "tidegate.json"];

/** Options of operators and of the store are checked by these. */
const options = z.record(z.string(), z.unknown()).optional();

const schema = z.strictObject({
  listen: z
    .strictObject({ host: z.string().optional(), port: z.int().min(0).max(65_535).optional() })
    .optional(),
  publicUrl: z.string().optional(),
  allowedHosts: z.array(z.string()).optional(),
  allowedOrigins: z.array(z.string()).optional(),
  store: options,
  tidegate: options,
  duckdb: options,
  http: options,
  log: z.enum(["silent", "error", "warn", "info", "debug", "trace"]).default("warn"),
});

/** Settings of `tidegate serve`. */
export interface ServeSettings extends OperatorSettings {
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  readonly store: SqliteStoreOptions;
  readonly tidegate: TidegateSettings;
  readonly log: "silent" | "error" | "warn" | "info" | "debug" | "trace";
  /** Settings that the manager takes as they are. */
  readonly manager: {
    readonly publicUrl?: string;
    readonly allowedHosts?: readonly string[];
    readonly allowedOrigins?: readonly string[];
  };
}

/** Options of the command line, which prevail. */
export interface ServeOptions {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly data?: string;
}

/**
 * Reads the settings: of the command line, else of the file, else the defaults.
 *
 * @throws CommandError if the file is malformed
 */
export async function readServeSettings({ config, host, port, data }: ServeOptions): Promise<ServeSettings> {
  const file = config ?? FILES.find((name) => existsSync(name));
  const { listen, store, tidegate, duckdb, http, log, ...manager } = await readFile(file);
  const path = data === undefined ? undefined : { path: data };
  return {
    host: host ?? listen?.host ?? "127.0.0.1",
    port: port ?? listen?.port ?? DEFAULT_PORT,
    store: { path: ".tidegate/tidegate.db", ...store, ...path } as SqliteStoreOptions,
    tidegate: (tidegate ?? {}) as TidegateSettings,
    duckdb: duckdb as OperatorSettings["duckdb"],
    http: http as OperatorSettings["http"],
    log,
    manager: Object.fromEntries(Object.entries(manager).filter(([, value]) => value !== undefined)),
  };
}

async function readFile(file: string | undefined): Promise<z.infer<typeof schema>> {
  if (file === undefined) return schema.parse({});
  const [located, ...others] = parseYaml(await textOf(file), file);
  if (others.length > 0) throw new CommandError(`${file}: must be one document, not a list.`);
  const parsed = schema.safeParse(located?.value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandError(`${file}: ${issue!.path.join(".") || "settings"}: ${issue!.message}.`);
}
