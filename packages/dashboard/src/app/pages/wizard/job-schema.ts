import { isObject } from "./definition.js";

/** A JSON Schema, of which a form knows a part. */
export interface JobSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JobSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JobSchema | boolean;
  readonly items?: JobSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JobSchema[];
  readonly oneOf?: readonly JobSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JobSchema>>;
}

/**
 * The form of a field: a choice of values; a text, of one line or several; a number; yes or no; texts, one a line;
 * pairs of a name and a text, one a line; fields of its own; fields of one of several forms, which a constant names; or
 * JSON, where a schema says more than a form can.
 */
export type FieldKind =
  | "choice"
  | "text"
  | "lines-of-text"
  | "number"
  | "boolean"
  | "list"
  | "pairs"
  | "group"
  | "variants"
  | "json";

/** Deepest level of a schema that is followed. */
const MOST_LEVELS = 6;

/** Fields that people write over several lines. */
const LONG = /sql|query|statement|script|body/i;

/** Returns the schema that is meant: references are followed, and a choice between one thing and `null` is that thing. */
export function resolved(schema: JobSchema, root: JobSchema): JobSchema {
  const name = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? "")?.[1];
  const target = name === undefined ? undefined : root.$defs?.[name];
  const { $ref, ...own } = schema;
  const followed = target === undefined ? schema : { ...target, ...own };
  const some = followed.anyOf?.filter(({ type }) => type !== "null") ?? [];
  if (some.length !== 1) return followed;
  const { anyOf, ...rest } = followed;
  return { ...resolved(some[0]!, root), ...rest };
}

/** Returns the form of a field. @param schema - resolved */
export function fieldKindOf(name: string, schema: JobSchema, root: JobSchema): FieldKind {
  if (schema.enum?.every((value) => typeof value === "string") === true) return "choice";
  if (schema.type === "string") {
    return LONG.test(name) || (schema.maxLength ?? 0) > 10_000 ? "lines-of-text" : "text";
  }
  if (schema.type === "number" || schema.type === "integer") return "number";
  if (schema.type === "boolean") return "boolean";
  if (isList(schema, root)) return "list";
  if (variantsOf(schema, root) !== undefined) return "variants";
  if (schema.type === "object" && schema.properties !== undefined) return "group";
  if (schema.type === "object" && isText(schema.additionalProperties, root)) return "pairs";
  return "json";
}

/** Whether it is a list of texts; one text may stand for it. */
function isList(schema: JobSchema, root: JobSchema): boolean {
  if (schema.type === "array") return isText(schema.items, root);
  const [text, list, ...more] = schema.anyOf ?? [];
  return more.length === 0 && list?.type === "array" && isText(text, root) && isText(list.items, root);
}

/** One of the forms that an object may have. */
export interface Variant {
  /** The values that name it, such as `postgres, upsert`. */
  readonly name: string;
  /** The fields that it has whatever is written, by which it is told from the others. */
  readonly constants: Readonly<Record<string, unknown>>;
  /** Resolved; without its constants. */
  readonly schema: JobSchema;
}

/** Returns the forms that an object may have, those inside others included; `undefined` unless each has a name of its own. */
export function variantsOf(schema: JobSchema, root: JobSchema): readonly Variant[] | undefined {
  const variants = flatVariants(schema, root, 0);
  const names = new Set(variants.map(({ name }) => name));
  return variants.length > 1 && names.size === variants.length && !names.has("") ? variants : undefined;
}

function flatVariants(schema: JobSchema, root: JobSchema, level: number): Variant[] {
  if (level > MOST_LEVELS) return [];
  const { type, properties = {}, oneOf, anyOf, ...rest } = resolved(schema, root);
  const inner = oneOf ?? anyOf;
  if (inner !== undefined) return inner.flatMap((each) => flatVariants(each, root, level + 1));
  const fixed = Object.entries(properties).filter(([, field]) => field.const !== undefined);
  const constants = Object.fromEntries(fixed.map(([name, field]) => [name, field.const]));
  const own = Object.entries(properties).filter(([name]) => !(name in constants));
  const name = Object.values(constants).map(String).join(", ");
  return [
    { name, constants, schema: { ...rest, type: type ?? "object", properties: Object.fromEntries(own) } },
  ];
}

/** Returns the form that a value has; `undefined` if it has none of them. What a value leaves out does not tell against a form. */
export function variantOf(value: unknown, variants: readonly Variant[]): Variant | undefined {
  if (!isObject(value)) return undefined;
  return variants.find(({ constants }) =>
    Object.entries(constants).every(([name, each]) => value[name] === undefined || value[name] === each),
  );
}

/** Returns a value in another form: its constants, and of the former fields those that this one has as well. */
export function inVariant(value: unknown, { constants, schema }: Variant): Record<string, unknown> {
  const kept = Object.entries(isObject(value) ? value : {}).filter(([name]) => name in schema.properties!);
  return { ...constants, ...Object.fromEntries(kept) };
}

function isText(schema: JobSchema | boolean | undefined, root: JobSchema): boolean {
  if (!isObject(schema)) return false;
  const { type, enum: values } = resolved(schema as JobSchema, root);
  return type === "string" && values === undefined;
}

/** Returns the fields of an object, those that are needed first. */
export function fieldsOf(
  schema: JobSchema,
): readonly (readonly [name: string, JobSchema, isNeeded: boolean])[] {
  const needed = schema.required ?? [];
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, field]) => [name, field, needed.includes(name)] as const,
  );
  return [...fields.filter(([, , isNeeded]) => isNeeded), ...fields.filter(([, , isNeeded]) => !isNeeded)];
}

/** Returns a value of a schema that has only what is needed, to show what to write: its texts are `…`. */
export function exampleOf(schema: JobSchema, root: JobSchema, level = 0): unknown {
  const { type, properties, required = [], items, oneOf, anyOf, ...rest } = resolved(schema, root);
  if (level > MOST_LEVELS) return null;
  const [first] = oneOf ?? anyOf ?? [];
  if (first !== undefined) return exampleOf(first, root, level + 1);
  if (rest.const !== undefined) return rest.const;
  if (rest.enum !== undefined) return rest.enum[0];
  if (type === "object") {
    const fields = required.map((name) => [name, exampleOf(properties?.[name] ?? {}, root, level + 1)]);
    return Object.fromEntries(fields);
  }
  if (type === "array") return items === undefined ? [] : [exampleOf(items, root, level + 1)];
  if (type === "number" || type === "integer") return rest.minimum ?? 1;
  return type === "boolean" ? true : "…";
}
