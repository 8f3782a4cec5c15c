import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { z } from "zod";
import { ARGUMENTS } from "../../src/client/arguments.js";
import type { ScheduleClient } from "../../src/client/schedule-client.js";
import { isTidegateError } from "../../src/errors/errors.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

let world: World;
afterEach(() => world.stop());

const METHODS = Object.keys(ARGUMENTS) as (keyof typeof ARGUMENTS)[];

/** Values of any kind, among them what means something to this ledger. */
const anything = (known: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constantFrom(...known),
    fc.constantFrom(undefined, null, "", "\0", "\ud800", Number.NaN, -1, 1e300, [], {}, new Date(Number.NaN)),
    fc.jsonValue(),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.bigInt(),
    fc.func(fc.anything()),
  );

/** Values that a schema accepts, with any part replaced by something else now and then. */
function like(schema: z.ZodType, known: readonly unknown[]): fc.Arbitrary<unknown> {
  const { def } = schema as unknown as {
    def: {
      type: string;
      innerType: z.ZodType;
      element: z.ZodType;
      entries: object;
      shape: Record<string, z.ZodType>;
    };
  };
  const other = anything(known);
  const often = (meant: fc.Arbitrary<unknown>) => fc.oneof({ arbitrary: meant, weight: 4 }, other);
  if (def.type === "optional") return fc.oneof(fc.constant(undefined), like(def.innerType, known));
  if (def.type === "array") return often(fc.array(like(def.element, known), { maxLength: 3 }));
  if (def.type === "enum") return often(fc.constantFrom(...Object.values(def.entries)));
  if (def.type !== "object") return other;
  const fields = Object.entries(def.shape).map(([key, field]) => [key, like(field, known)] as const);
  const more = fc.dictionary(
    fc.constantFrom("from", "to", "lower", "upper", "trigger", "slots", "name"),
    other,
  );
  return often(
    fc
      .tuple(fc.record(Object.fromEntries(fields), { requiredKeys: [] }), more)
      .map(([a, b]) => ({ ...b, ...a })),
  );
}

describe("a client that is called with anything", () => {
  it("has arguments noted for each of its methods", async () => {
    world = await World.start();
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(world.client)).filter(
      (name) => name !== "constructor" && !name.startsWith("#"),
    );
    expect([...METHODS].sort()).toEqual(methods.sort());
  });

  it.each(METHODS)("%s does it or rejects with a code", async (method) => {
    world = await World.start();
    await world.client.register(hourly("orders", { startTime: T0 - 3 * HOUR }));
    await world.client.registerSource({ groupId: "deliveries" });
    await world.fireAt("orders", T0);
    const ids = (await world.runs("orders")).map(({ id }) => id);
    const known = [
      "orders",
      "deliveries",
      ...ids,
      T0 - HOUR,
      T0,
      new Date(T0),
      "2026-01-01T00:00:00Z",
      { lower: T0 - HOUR, upper: T0 },
    ];
    const call = world.client[method] as (...given: unknown[]) => Promise<unknown>;
    const given = Object.values(ARGUMENTS[method]).map((schema) => like(schema, known));
    await fc.assert(
      fc.asyncProperty(fc.tuple(...given), async (values) => {
        const outcome = call.call(world.client as ScheduleClient, ...values).then(
          () => undefined,
          (error: unknown) => error,
        );
        await world.settle();
        const error = await outcome;
        if (error === undefined) return;
        if (!isTidegateError(error)) throw error;
        expect(error.code).not.toMatch(/^(STORE|PLAN_FAILED|ENGINE_FAILED)/);
      }),
      { numRuns: 60 },
    );
  });

  it("names the argument that is wrong", async () => {
    world = await World.start();
    const client = world.client as unknown as Record<
      "pause" | "runs" | "audit" | "list",
      (...given: unknown[]) => Promise<unknown>
    >;
    await expect(client.pause(7)).rejects.toMatchObject({ code: "ARGUMENT_INVALID", field: "groupId" });
    await expect(client.runs({ states: ["DONE"] })).rejects.toMatchObject({ field: "filter.states.0" });
    await expect(client.audit("orders", { lower: T0 })).rejects.toMatchObject({ field: "within.upper" });
    await expect(client.list({}, { limit: 0 })).rejects.toMatchObject({ field: "page.limit" });
  });
});
