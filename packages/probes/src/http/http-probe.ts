import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "@tidegate/core";
import { parseOptions } from "@tidegate/core/plugin";
import type { ProbeAnswer, ReadinessProbe } from "@tidegate/core/probe";
import { type HttpAnswer, isSuccess, retryAfterMs } from "@tidegate/rest-client";
import { z } from "zod";
import { defineProbe, type ProbeCall } from "../kit/define-probe.js";
import { instantIn } from "../kit/instant-in.js";
import { InvalidSpec } from "../kit/invalid-spec.js";
import { filled, template } from "../kit/template.js";
import { POINTER, pointedAt } from "./json-pointer.js";
import { type HttpService, Service, serviceSchema } from "./service.js";

export type { HttpService };

/** Options of `httpProbe`. */
export interface HttpProbeOptions {
  /**
   * The services that may be asked, by the names that schedules use. Only their URLs are ever called, and only
   * they get their credentials.
   */
  readonly services: Readonly<Record<string, HttpService>>;
}

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

const optionsSchema = z.strictObject({
  services: z
    .record(name, serviceSchema)
    .refine((all) => Object.keys(all).length > 0, "must name at least one"),
});

const pointer = z.string().max(1_000).regex(POINTER, "must be a JSON pointer, such as /status/isComplete");

const specSchema = z
  .strictObject({
    service: name.optional(),
    path: template.refine(
      (path) => !/^[\\/]{2}|\\|(^|\/)\.\.(\/|$|\?)|[\s#]/.test(path),
      "must be a path below the service's URL",
    ),
    pointer: pointer.optional(),
    equals: z.json().optional(),
    through: pointer.optional(),
  })
  .refine(({ pointer, through }) => pointer === undefined || through === undefined, {
    message: "must not be given together with pointer",
    path: ["through"],
  })
  .refine(({ pointer, equals }) => pointer !== undefined || equals === undefined, {
    message: "needs a pointer to the value that it is compared with",
    path: ["equals"],
  });

type Spec = z.output<typeof specSchema>;

/** Statuses of something that is not there yet: not found, and accepted but not done. */
const NOT_YET: readonly number[] = [404, 202];

/**
 * Returns the probe `http`: a service says that the interval is complete. An entry of `ready`:
 *
 * - `service`: its name in the options. Default: the only one;
 * - `path`: below its URL, with placeholders of the interval, which are percent-encoded:
 *   `exports?day={{lower.date}}`;
 * - `pointer`: JSON pointer to the value that says so, in the answer: `/state`. Default: a status of 200 or 204
 *   says so;
 * - `equals`: the value that means ready. Default: `true`;
 * - `through`: instead of `pointer`, JSON pointer to the instant up to which the source is complete: epoch ms,
 *   or ISO 8601 with an offset. It answers for all intervals at once.
 *
 * 404 and 202 mean "not yet"; any other status, and an answer without the value, is an error.
 *
 * ```ts
 * httpProbe({ services: { shop: { url: "https://shop.example.com/api", bearer: () => vault.read("shop") } } });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function httpProbe(options: HttpProbeOptions): ReadinessProbe {
  const parsed = parseOptions("HttpProbeOptions", optionsSchema, options);
  const services = new Map(
    Object.entries(parsed.services).map(([service, each]) => [service, new Service(each as HttpService)]),
  );
  const names = [...services.keys()];
  const serviceOf = ({ service = names.length === 1 ? names[0]! : "" }: Spec): Service | undefined =>
    services.get(service);
  return defineProbe<Spec>({
    type: "http",
    specSchema: (specSchema as z.ZodType<Spec>).refine((spec) => serviceOf(spec) !== undefined, {
      message: `must be one of ${names.join(", ")}`,
      path: ["service"],
    }),
    check: async (call, { now, signal }) => {
      const service = serviceOf(call.spec);
      if (service === undefined) throw new InvalidSpec("service", `must be one of ${names.join(", ")}`);
      const path = filled(call.spec.path, call, encodeURIComponent);
      const answer = await service.get(path, signal);
      const answered = judged(call, answer, path, service);
      const waitMs = answered.isReady ? undefined : retryAfterMs(answer.headers, now);
      return waitMs === undefined || waitMs <= 0 ? answered : { ...answered, retryAfterMs: waitMs };
    },
  });
}

function judged(
  { interval, spec }: ProbeCall<Spec>,
  answer: HttpAnswer,
  path: string,
  service: Service,
): ProbeAnswer {
  const { status } = answer;
  if (NOT_YET.includes(status)) return { isReady: false, detail: `${path} was answered ${status}` };
  if (!isSuccess(answer)) throw new Error(service.redact(`${path} was answered ${status}: ${answer.text}`));
  const at = spec.through ?? spec.pointer;
  if (at === undefined) return { isReady: true, detail: `${path} was answered ${status}` };
  const value = pointedAt(jsonOf(answer, path), at);
  if (value === undefined) throw new Error(`the answer of ${path} has nothing at ${at}`);
  const said = service.redact(`${at} of ${path} is ${JSON.stringify(value)}`);
  if (spec.through === undefined)
    return {
      isReady: isDeepStrictEqual(value, spec.equals === undefined ? true : spec.equals),
      detail: said,
    };
  const readyThrough = instantIn(value);
  if (readyThrough === undefined) throw new Error(`${said}, which is no instant`);
  return { isReady: interval.upper <= readyThrough, detail: said, readyThrough };
}

function jsonOf({ text }: HttpAnswer, path: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new Error(`the answer of ${path} is not JSON`);
  }
}
