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
