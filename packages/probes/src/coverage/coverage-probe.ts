import { parseOptions } from "@tidegate/core/plugin";
import type { ProbeAnswer, ReadinessProbe } from "@tidegate/core/probe";
import { isSuccess } from "@tidegate/rest-client";
import { z } from "zod";
import { type HttpService, Service, serviceSchema } from "../http/service.js";
import { defineProbe } from "../kit/define-probe.js";

/** Options of `coverageProbe`. */
export interface CoverageProbeOptions {
  /** Tidegate managers by the names that schedules use; each URL is that of its REST API. */
  readonly managers: Readonly<Record<string, HttpService>>;
}

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

const optionsSchema = z.strictObject({
  managers: z
    .record(name, serviceSchema)
    .refine((all) => Object.keys(all).length > 0, "must name at least one"),
});

const specSchema = z.strictObject({
  manager: name.optional(),
  groupId: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,200}$/, "must be 1 to 200 of letters, digits and _ . : -")
    .refine((groupId) => groupId !== "." && groupId !== "..", "must not be a step in a path"),
});

type Spec = z.output<typeof specSchema>;

const answerSchema = z.object({
  isCovered: z.boolean(),
  missing: z.array(z.object({ lower: z.number(), upper: z.number() })),
});

/**
 * Returns the probe `coverage`: a group of another Tidegate has covered the interval. For groups of the same
 * one, use `dependsOn`. An entry of `ready`:
 *
 * - `manager`: its name in the options. Default: the only one;
 * - `groupId`: the group there.
 *
 * ```ts
 * coverageProbe({ managers: { sales: { url: "https://tidegate.sales.example.com", bearer: token } } });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function coverageProbe(options: CoverageProbeOptions): ReadinessProbe {
  const { managers } = parseOptions("CoverageProbeOptions", optionsSchema, options);
  const services = new Map(
    Object.entries(managers).map(([manager, service]) => [manager, new Service(service as HttpService)]),
  );
  const names = [...services.keys()];
  const serviceOf = ({ manager = names.length === 1 ? names[0]! : "" }: Spec): Service | undefined =>
    services.get(manager);
  return defineProbe<Spec>({
    type: "coverage",
    specSchema: (specSchema as z.ZodType<Spec>).refine((spec) => serviceOf(spec) !== undefined, {
      message: `must be one of ${names.join(", ")}`,
      path: ["manager"],
    }),
    check: async ({ interval, spec }, { signal }) => {
      const service = serviceOf(spec)!;
      const [from, to] = [interval.lower, interval.upper].map(iso);
      const path = `groups/${encodeURIComponent(spec.groupId)}/coverage?${new URLSearchParams({ from: from!, to: to! })}`;
      const answer = await service.get(path, signal);
      if (!isSuccess(answer))
        throw new Error(service.redact(`${path} was answered ${answer.status}: ${answer.text}`));
      return judged(spec.groupId, answer.text);
    },
  });
}

function judged(groupId: string, text: string): ProbeAnswer {
  const { isCovered, missing } = answerSchema.parse(JSON.parse(text));
  if (isCovered) return { isReady: true, detail: `${groupId} covers the interval` };
  const [first] = missing;
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
  const range = first === undefined ? "" : ` [${iso(first.lower)}, ${iso(first.upper)})${more}`;
  return { isReady: false, detail: `${groupId} does not cover${range}` };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
