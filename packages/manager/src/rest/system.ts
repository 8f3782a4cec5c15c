import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import { type Tidegate, TOKENS } from "@tidegate/core";
import { SystemClock } from "@tidegate/core/clock";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { tzdataVersion } from "@tidegate/core/trigger";
import { z } from "zod";
import { restRefusals } from "../schemas/error.js";
import { storeInfo, systemInfo } from "../schemas/system.js";
import { roleOf } from "./roles.js";

type Container = Tidegate["container"];

const MACHINE = new SystemClock();

const optional = { optional: true } as const;

/** Returns the routes that describe the manager, with the schemas of its operators' jobs, and its store. */
export function systemRoute(container: Container): FastifyPluginAsyncZod {
  const operators = container.getAll(TOKENS.operator, optional).map(operatorInfo);
  const engines = enginesOf(container);
  const namesOf = () => ({
    gates: container.getAll(TOKENS.gate, optional).map(({ gateType }) => gateType),
    probes: container.getAll(TOKENS.probe, optional).map(({ probeType }) => probeType),
    sources: container.getAll(TOKENS.offsetProvider, optional).map(({ sourceType }) => sourceType),
  });
  return async (app) => {
    app.get(
      "/system",
      {
        schema: {
          operationId: "describeSystem",
          tags: ["service"],
          summary: "Describe the manager: its engines, its operators with the schemas of their jobs.",
          querystring: z.strictObject({}),
          response: { 200: systemInfo, ...restRefusals() },
        },
      },
      (request) => ({
        role: roleOf(request),
        namespace: container.get(TOKENS.settings).namespace ?? "default",
        now: container.get(TOKENS.clock).now(),
        tzdata: tzdataVersion(),
        engines,
        operators,
        ...namesOf(),
      }),
    );

    app.get(
      "/system/store",
      {
        schema: {
          operationId: "describeStore",
          tags: ["service"],
          summary: "Describe the store: how large it is, and the managers that share it.",
          querystring: z.strictObject({}),
          response: { 200: storeInfo, ...restRefusals() },
        },
      },
      async () => {
        const store = container.get(TOKENS.store);
        const [info, now] = await Promise.all([store.inspect(), store.now()]);
        return { ...info, isShared: store.isShared, now, clockAheadMs: MACHINE.now() - now };
      },
    );
  };
}

function enginesOf(container: Container) {
  const firing = container.getAll(TOKENS.engine, optional);
  const clients = container.getAll(TOKENS.engineClient, optional);
  const own = new Set(firing.map(({ engineType }) => engineType.toLowerCase()));
  const known = [...firing, ...clients.filter(({ engineType }) => !own.has(engineType.toLowerCase()))];
  return known.map(({ engineType, capabilities }, index) => ({
    engineType,
    isDefault: index === 0,
    isFiring: index < firing.length,
    finestPeriodMs: capabilities.finestPeriodMs,
    holdsDefinitions: capabilities.holdsDefinitions,
  }));
}

function operatorInfo(operator: ScheduleOperator, index: number) {
  return {
    operatorType: operator.operatorType,
    isDefault: index === 0,
    boundaryTypes: operator.boundaryTypes ?? (["TIME"] as const),
    canSplit: operator.split !== undefined,
    canVerify: operator.verify !== undefined,
    jobSchema: operator.describeJob?.() ?? null,
  };
}
