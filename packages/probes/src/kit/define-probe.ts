import type { JsonObject } from "@tidegate/core";
import type { ProbeAnswer, ProbeContext, ProbeQuestion, ReadinessProbe } from "@tidegate/core/probe";
import type { z } from "zod";
import { InvalidSpec } from "./invalid-spec.js";

/** A question with its entry of `ready`, which is parsed once. */
export interface ProbeCall<Spec> extends Omit<ProbeQuestion, "spec"> {
  readonly spec: Spec;
}

/**
 * A probe's entry and its work. The members keep the rules of `ReadinessProbe`.
 *
 * @typeParam Spec - the entry of `ready` as its schema returns it
 */
export interface ProbeDefinition<Spec> {
  /** The name by which schedules choose the probe, such as `file`. */
  readonly type: string;
  /** The one definition of an entry of `ready`, without its `type`. */
  readonly specSchema: z.ZodType<Spec>;
  /** Opens what the probe needs. */
  start?(): Promise<void>;
  /** Closes it. */
  stop?(): Promise<void>;
  /** Answers a question. */
  check(call: ProbeCall<Spec>, context: ProbeContext): Promise<ProbeAnswer>;
}

/**
 * Returns the probe of a definition.
 *
 * ```ts
 * defineProbe({
 *   type: "shop",
 *   specSchema: z.strictObject({ shop: z.string() }),
 *   check: async ({ interval, spec }, { signal }) => {
 *     const readyThrough = await books.closedUntil(spec.shop, { signal });
 *     return { isReady: interval.upper <= readyThrough, detail: `${spec.shop} has not closed its books`, readyThrough };
 *   },
 * });
 * ```
 */
export function defineProbe<Spec>(definition: ProbeDefinition<Spec>): Required<ReadinessProbe> {
  const parsed = new WeakMap<JsonObject, Spec>();
  const read = (json: JsonObject): Spec => {
    const known = parsed.get(json);
    if (known !== undefined) return known;
    const { data, error } = definition.specSchema.safeParse(json);
    const issue = error?.issues[0];
    if (issue !== undefined) throw new InvalidSpec(fieldOf(issue), issue.message);
    parsed.set(json, data as Spec);
    return data as Spec;
  };
  return {
    probeType: definition.type,
    start: async () => definition.start?.(),
    stop: async () => definition.stop?.(),
    validate: (json) => void read(json),
    check: async ({ spec, ...question }, context) =>
      definition.check({ ...question, spec: read(spec) }, context),
  };
}

/** An unknown key is named itself, not the object that holds it. */
function fieldOf(issue: z.core.$ZodIssue): string {
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  return path.map(String).join(".");
}
