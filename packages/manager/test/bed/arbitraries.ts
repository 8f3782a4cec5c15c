import fc from "fast-check";
import type { JsonSchema, OpenapiDocument, Operation } from "./contract.js";

/** A request as it is sent. */
export interface FuzzedRequest {
  readonly operationId: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What has gone wrong in one program or another. */
const ODD: readonly unknown[] = [
  ...[
    "",
    " ",
    "0",
    "-1",
    "1e999",
    "null",
    "true",
    "%",
    "%2F",
    "..",
    "\u0000",
    "a\u0000b",
    "\r\n",
    "ä",
    "𝄞",
    "\ud800",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "x".repeat(300),
    "=",
    "a=b",
    "'; DROP TABLE run --",
    "2026-02-30T00:00:00Z",
  ],
  ...[
    null,
    true,
    0,
    -0,
    -1,
    0.5,
    1e21,
    Number.MAX_SAFE_INTEGER,
    8.64e15 + 1,
    [],
    {},
    [[]],
    { a: { b: [null] } },
  ],
  JSON.parse('{"__proto__":{"a":1}}'),
];
const odd = fc.constantFrom(...ODD);
const oddText = odd.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));

/**
 * Values for names that mean more than their schema says: ids that are there, and times and counts that make
 * sense together.
 */
export type Meanings = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Requests to every operation of a document: most as its schemas want them, some a little off, some wholly. */
export function requestsTo(document: OpenapiDocument, meanings: Meanings): fc.Arbitrary<FuzzedRequest> {
  const values = new Values(document, meanings);
  const each = Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) => requestTo(template, method, operation, values)),
  );
  return fc.oneof(...each);
}

function requestTo(
  template: string,
  method: string,
  { operationId, parameters = [], requestBody }: Operation,
  values: Values,
): fc.Arbitrary<FuzzedRequest> {
  const valueFor = ({ name, schema }: (typeof parameters)[number]) =>
    fc.oneof(
      { weight: 20, arbitrary: values.of(schema, name).map(textOf) },
      { weight: 1, arbitrary: oddText },
    );
  const places = (place: string) => parameters.filter((parameter) => parameter.in === place);
  const path = fc.tuple(...places("path").map((parameter) => valueFor(parameter))).map((given) => {
    const left = [...given];
    return template.replaceAll(/\{\w+\}/g, () => encoded(left.shift()!));
  });
  const query = fc.tuple(
    ...places("query").map((parameter) =>
      fc
        .oneof(
          { weight: 9, arbitrary: fc.array(valueFor(parameter), { maxLength: 1 }) },
          { weight: 9, arbitrary: valueFor(parameter).map((value) => [value]) },
          { weight: 1, arbitrary: fc.tuple(valueFor(parameter), valueFor(parameter)) },
        )
        .map((given) => given.map((value) => `${encoded(parameter.name)}=${encoded(value)}`)),
    ),
    fc.oneof(
      { weight: 20, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: oddText.map((x) => [encoded(x)]) },
    ),
  );
  const headers = fc.record(
    Object.fromEntries(
      places("header").map(({ name }) => [name, fc.constantFrom("*", '"1"', '"2", "3"', 'W/"1"', "1", "")]),
    ),
    { requiredKeys: [] },
  );
  const schema = requestBody?.content["application/json"].schema;
  const body =
    schema === undefined
      ? fc.oneof(
          { weight: 9, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.constant("{}") },
        )
      : fc.oneof(
          { weight: 20, arbitrary: values.of(schema, "body").map((value) => JSON.stringify(value)) },
          { weight: 1, arbitrary: fc.constantFrom(undefined, "", "{", "[]", "null", '"x"', "\ud800") },
        );
  const type = fc.oneof(
    { weight: 20, arbitrary: fc.constant("application/json") },
    { weight: 1, arbitrary: fc.constantFrom("text/plain", "application/x-www-form-urlencoded", "x") },
  );
  return fc.record({ path, query, headers, body, type }).map(({ path, query, headers, body, type }) => {
    const pairs = query.flat();
    return {
      operationId,
      method: method.toUpperCase(),
      path: pairs.length === 0 ? path : `${path}?${pairs.join("&")}`,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": type }) } as Record<
        string,
        string
      >,
      body,
    };
  });
}

/** How often a schema may stand within itself. */
const MOST_NESTED = 2;

/** Thrown where a schema would stand within itself too often. */
class TooDeep extends Error {}

/** Values by JSON schemas, as far as this document uses them. */
class Values {
  readonly #document: OpenapiDocument;
  readonly #meanings: Meanings;
  /** The references that are being resolved, outermost first. */
  readonly #within: string[] = [];

  constructor(document: OpenapiDocument, meanings: Meanings) {
    this.#document = document;
    this.#meanings = meanings;
  }

  /** Values of a schema, of which some parts are odd. */
  of(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
    const sound = this.#meanings[name] ?? this.#plain(schema, name);
    return fc.oneof({ weight: 150, arbitrary: sound }, { weight: 1, arbitrary: odd });
  }

  #plain(schema: JsonSchema, name: string): fc.Arbitrary<unknown> {
    const {
      $ref,
      anyOf,
      oneOf,
      allOf,
      enum: choices,
      type,
    } = schema as {
      $ref?: string;
      anyOf?: JsonSchema[];
      oneOf?: JsonSchema[];
      allOf?: JsonSchema[];
      enum?: unknown[];
      type?: string;
    };
    if ($ref !== undefined) return this.#referred($ref, name);
    const options = anyOf ?? oneOf ?? allOf;
    if (options !== undefined) return this.#anyOf(options, name);
    if ("const" in schema) return fc.constant(schema.const);
    if (choices !== undefined) return fc.constantFrom(...choices);
    if (type === "string") return textOfSchema(schema);
    if (type === "boolean") return fc.boolean();
    if (type === "null") return fc.constant(null);
    if (type === "integer" || type === "number") return numberOf(schema);
    if (type === "array") return fc.array(this.of(schema.items as JsonSchema, name), { maxLength: 2 });
    return type === "object" ? this.#object(schema) : fc.jsonValue({ maxDepth: 2 });
  }

  /** Values of a schema that others refer to, and that may refer to itself. */
  #referred(reference: string, name: string): fc.Arbitrary<unknown> {
    if (this.#within.filter((each) => each === reference).length >= MOST_NESTED) throw new TooDeep();
    this.#within.push(reference);
    try {
      return this.#plain(this.#document.components.schemas[reference.split("/").at(-1)!]!, name);
    } finally {
      this.#within.pop();
    }
  }

  /** Values of any of several schemas, without those that nest too deep here. */
  #anyOf(options: readonly JsonSchema[], name: string): fc.Arbitrary<unknown> {
    const shallow = options.flatMap((option) => {
      try {
        return [this.#plain(option, name)];
      } catch (error) {
        if (error instanceof TooDeep) return [];
        throw error;
      }
    });
    if (shallow.length === 0) throw new TooDeep();
    return fc.oneof(...shallow);
  }

  #object(schema: JsonSchema): fc.Arbitrary<unknown> {
    const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
    const known = fc.record(
      Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, this.of(field, name)])),
      { requiredKeys: (schema.required ?? []) as string[] },
    );
    const isOpen = schema.additionalProperties instanceof Object;
    const others = fc.dictionary(
      fc.oneof(fc.string({ minLength: 1, maxLength: 5 }), oddText),
      isOpen ? this.of(schema.additionalProperties as JsonSchema, "") : odd,
      { maxKeys: 2 },
    );
    return fc
      .tuple(known, others, fc.integer({ min: 0, max: 49 }))
      .map(([fields, more, chance]) => (isOpen || chance === 0 ? { ...more, ...fields } : fields));
  }
}

function textOfSchema({ format, pattern, maxLength = 30 }: JsonSchema): fc.Arbitrary<string> {
  if (format === "date-time") {
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString());
  }
  if (pattern === undefined) return fc.string({ maxLength: Math.min(30, maxLength as number) });
  return fc
    .stringMatching(new RegExp(pattern as string), { size: "-1" })
    .map((text) => text.slice(0, maxLength as number));
}

function numberOf({ type, minimum, maximum }: JsonSchema): fc.Arbitrary<number> {
  const min = (minimum as number | undefined) ?? 0;
  const max = (maximum as number | undefined) ?? 1_000_000;
  const near = fc.integer({ min: Math.ceil(min), max: Math.min(Math.floor(max), Math.ceil(min) + 100) });
  const any = fc.constantFrom(min, max, min - 1, max + 1);
  return fc.oneof(
    { weight: 50, arbitrary: near },
    { weight: 1, arbitrary: type === "number" ? fc.double() : any },
  );
}

function textOf(value: unknown): string {
  const one = Array.isArray(value) ? value[0] : value;
  return typeof one === "string" ? one : String(JSON.stringify(one));
}

/** As a URL has it; half of a surrogate pair becomes bytes that are not UTF-8. */
function encoded(text: string): string {
  return text.includes("\ud800") ? "%ED%A0%80" : encodeURIComponent(text);
}
