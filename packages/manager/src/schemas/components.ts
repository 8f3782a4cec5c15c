import { isDeepStrictEqual } from "node:util";
import type { FastifySchema } from "fastify";
import type { OpenAPIV3_1 } from "openapi-types";
import { z } from "zod";

type JsonSchema = Record<string, unknown> & { properties?: Record<string, Record<string, unknown>> };
type Io = "input" | "output";

/** A schema, and the components that it refers to, by their ids. */
interface Converted {
  readonly schema: JsonSchema;
  readonly components: readonly (readonly [id: string, component: JsonSchema])[];
}

const REFERENCE = "#/components/schemas/";

/** The parts of a route's schema that become parameters. */
const PARAMETERS = ["params", "querystring", "headers"] as const;

/** Converts Zod schemas to JSON Schema, and collects those that have an id as components to refer to. */
export class ComponentSchemas {
  readonly #schemas = new Map<string, JsonSchema>();
  readonly #optionalBodies = new Set<string>();

  /** Converts a route's schema: requests by their input, answers by their output. */
  routeSchema(schema: FastifySchema): FastifySchema {
    const { operationId, body } = schema as FastifySchema & { operationId?: string };
    if (operationId !== undefined && (body as z.ZodType | undefined)?.safeParse(undefined).success) {
      this.#optionalBodies.add(operationId);
    }
    const parameters = PARAMETERS.filter((part) => schema[part] !== undefined).map((part) => [
      part,
      withDescriptions(this.#jsonSchema(schema[part] as z.ZodType, "input")),
    ]);
    const answers = Object.entries(schema.response ?? {}).map(([status, answer]) => {
      const { description = "Done." } = answer as z.ZodType;
      return [status, { description, ...this.#reference(answer as z.ZodType, "output") }];
    });
    return {
      ...schema,
      ...Object.fromEntries(parameters),
      ...(body === undefined ? {} : { body: this.#reference(body as z.ZodType, "input") }),
      response: Object.fromEntries(answers),
      hide: false,
    };
  }

  /** Completes a document whose routes were all converted by `routeSchema`. */
  complete<Document extends OpenAPIV3_1.Document>(document: Document): Document {
    for (const path of Object.values(document.paths ?? {})) {
      for (const operation of Object.values(path ?? {}) as Partial<OpenAPIV3_1.OperationObject>[]) {
        const { requestBody, operationId } = operation;
        if (requestBody !== undefined && "content" in requestBody && operationId !== undefined) {
          requestBody.required = !this.#optionalBodies.has(operationId);
        }
        for (const parameter of operation.parameters ?? []) withoutLoneAllOf(parameter);
        for (const answer of Object.values(operation.responses ?? {})) nameMediaType(answer);
      }
    }
    const schemas = Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { ...document, components: { ...document.components, schemas } };
  }

  /** Returns a reference if the schema has an id. */
  #reference(schema: z.ZodType, io: Io): JsonSchema {
    return this.#collected(once(references[io], schema, () => referenceTo(schema, io)));
  }

  #jsonSchema(schema: z.ZodType, io: Io): JsonSchema {
    return this.#collected(once(contents[io], schema, () => contentOf(schema, io)));
  }

  #collected({ schema, components }: Converted): JsonSchema {
    for (const [id, component] of components) this.#collect(id, component);
    // The generator of the document may write into it.
    return structuredClone(schema);
  }

  #collect(id: string, component: JsonSchema): void {
    const before = this.#schemas.get(id);
    if (before !== undefined && !isDeepStrictEqual(before, component)) {
      throw new Error(`Two schemas have the id ${id}, or one reads otherwise than it writes.`);
    }
    this.#schemas.set(id, component);
  }
}

/** Schemas that were converted: routes share most of theirs, and a server may document itself more than once. */
const references = {
  input: new WeakMap<z.ZodType, Converted>(),
  output: new WeakMap<z.ZodType, Converted>(),
};
const contents = { input: new WeakMap<z.ZodType, Converted>(), output: new WeakMap<z.ZodType, Converted>() };

function once(
  converted: WeakMap<z.ZodType, Converted>,
  schema: z.ZodType,
  convert: () => Converted,
): Converted {
  const known = converted.get(schema);
  if (known !== undefined) return known;
  const made = convert();
  converted.set(schema, made);
  return made;
}

function referenceTo(schema: z.ZodType, io: Io): Converted {
  // Zod creates references only to schemas inside another one.
  const { schema: outer, components } = contentOf(z.object({ schema }), io);
  return { schema: (outer.properties as { schema: JsonSchema }).schema, components };
}

function contentOf(schema: z.ZodType, io: Io): Converted {
  const written = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    // A generated client would take a default for a field that always has a value; descriptions name it.
    // Zod omits the examples of a schema with a transform; ours are of the input.
    override: ({ zodSchema, jsonSchema }) => {
      delete jsonSchema.default;
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (examples !== undefined && jsonSchema.$ref === undefined)
        jsonSchema.examples = examples as unknown[];
    },
  });
  const {
    $schema,
    $defs = {},
    ...rest
  } = asComponents(written) as JsonSchema & {
    $defs?: Readonly<Record<string, JsonSchema>>;
  };
  const components = Object.entries($defs).map(([id, { id: _, ...component }]) => [id, component] as const);
  return { schema: rest, components };
}

/** Keeps a reference's description beside it, which OpenAPI 3.1 allows; the generator of the document does not. */
function withoutLoneAllOf(parameter: OpenAPIV3_1.ReferenceObject | OpenAPIV3_1.ParameterObject): void {
  if (!("schema" in parameter) || parameter.schema === undefined) return;
  const { allOf = [], ...rest } = parameter.schema as OpenAPIV3_1.SchemaObject;
  const [only, ...others] = allOf;
  if (only !== undefined && others.length === 0)
    parameter.schema = { ...rest, ...only } as NonNullable<typeof parameter.schema>;
}

/** Has an answer that is not JSON the media type that its schema names. */
function nameMediaType(answer: OpenAPIV3_1.ReferenceObject | OpenAPIV3_1.ResponseObject): void {
  if (!("content" in answer)) return;
  const { contentMediaType } = (answer.content?.["application/json"]?.schema ?? {}) as {
    contentMediaType?: string;
  };
  if (contentMediaType !== undefined) answer.content = { [contentMediaType]: { schema: { type: "string" } } };
}

/** Keeps the description of a parameter beside its reference. */
function withDescriptions({ properties = {}, ...rest }: JsonSchema): JsonSchema {
  const parameters = Object.entries(properties).map(([name, { $ref, ...parameter }]) => [
    name,
    $ref === undefined ? parameter : { allOf: [{ $ref }], ...parameter },
  ]);
  return { ...rest, properties: Object.fromEntries(parameters) };
}

/** Turns Zod's references to local definitions into references to components. */
function asComponents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asComponents);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      key === "$ref" && typeof child === "string"
        ? child.replace(/^#\/\$defs\//, REFERENCE)
        : asComponents(child),
    ]),
  );
}
