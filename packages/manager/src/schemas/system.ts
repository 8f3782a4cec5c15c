import type { JsonObject } from "@tidegate/core";
import { z } from "zod";
import { ROLES } from "../rest/roles.js";
import { at } from "./interval.js";

const engineInfo = z
  .object({
    engineType: z.string().describe("The name by which schedules choose it."),
    isDefault: z.boolean().describe("Whether it fires schedules that name none."),
    isFiring: z
      .boolean()
      .describe(
        "Whether it fires in this manager's process; otherwise schedules are only registered with it here.",
      ),
    finestPeriodMs: z.number().describe("The shortest period that it can fire, ms."),
    holdsDefinitions: z.boolean().describe("Whether it keeps definitions outside the store."),
  })
  .meta({ id: "EngineInfo", description: "An engine that the manager knows." });

const operatorInfo = z
  .object({
    operatorType: z.string().describe("The name by which schedules choose it."),
    isDefault: z.boolean().describe("Whether it runs the jobs of schedules that name none."),
    boundaryTypes: z
      .array(z.enum(["TIME", "OFFSET"]))
      .readonly()
      .describe("The measures of data that its jobs can be given."),
    canSplit: z.boolean().describe("Whether it can split jobs into shards."),
    canVerify: z.boolean().describe("Whether it can count an interval's rows on both sides."),
    jobSchema: (z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject, JsonObject>)
      .nullable()
      .describe("The JSON Schema (2020-12) of its jobs; `null` if the operator does not describe them."),
  })
  .meta({ id: "OperatorInfo", description: "An operator that the manager knows." });

const types = z.array(z.string()).readonly();

/** The manager and its parts. */
export const systemInfo = z
  .object({
    role: z.enum(ROLES).describe("What the caller may do; each role includes those before it."),
    namespace: z.string().describe("The installation whose schedules it keeps."),
    now: at("The manager's time, which is the store's"),
    tzdata: z.string().describe("The version of its time zone database."),
    engines: z.array(engineInfo).readonly().describe("Its engines."),
    operators: z.array(operatorInfo).readonly().describe("Its operators."),
    gates: types.describe("Types of gates, besides the built-in ones."),
    probes: types.describe("Types of probes for `ready`."),
    sources: types.describe("Types of providers of positions for `source`."),
  })
  .meta({ id: "SystemInfo", description: "The manager and the parts that it was made of." });

const tableSize = z
  .object({
    name: z.string().describe("Name of the table."),
    rows: z.int().nullable().describe("An estimate; `null` if none can be made without reading all of it."),
    bytes: z.int().nullable().describe("With its indexes; `null` if the store does not know."),
  })
  .meta({ id: "TableSize", description: "A table of the store, and its size." });

const sharingManager = z
  .object({
    name: z.string().describe("Its name, unique among those that share the store."),
    seenAt: z
      .int()
      .nullable()
      .describe("When it last showed that it is alive, epoch milliseconds; `null` if that was long ago."),
    leases: z.int().describe("How many runs it has leased."),
    leaseUntil: z
      .int()
      .nullable()
      .describe(
        "When the last of its leases ends unless it is renewed, epoch milliseconds; `null` if it has none.",
      ),
  })
  .meta({ id: "SharingManager", description: "A manager that shares the store with others." });

/** The store, as core's `StoreInfo`, and its clock. */
export const storeInfo = z
  .object({
    kind: z.string().describe("Such as `sqlite`."),
    isShared: z.boolean().describe("Whether several managers may have it open at once."),
    bytes: z.int().nullable().describe("Its size; `null` if it does not know."),
    tables: z.array(tableSize).readonly().describe("Its tables by name."),
    managers: z
      .array(sharingManager)
      .readonly()
      .describe("The managers that share it, by name; empty if it is not shared."),
    now: at("The store's time"),
    clockAheadMs: z
      .int()
      .describe(
        "How far the clock of this manager's machine is ahead of the store's, ms; negative if behind.",
      ),
  })
  .meta({ id: "StoreInfo", description: "The store, its size, its clock, and the managers that share it." });
