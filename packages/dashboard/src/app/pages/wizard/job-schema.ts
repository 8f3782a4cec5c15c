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
  readonly anyOf?: readonly JobSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JobSchema>>;
}

/**
 * The form of a field: a choice of values; a text, of one line or several; a number; yes or no; texts, one a line;
 * pairs of a name and a text, one a line; fields of its own; or JSON, where a schema says more than a form can.
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
  | "json";

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
  if (schema.type === "array" && isText(schema.items, root)) return "list";
  if (schema.type === "object" && schema.properties !== undefined) return "group";
  if (schema.type === "object" && isText(schema.additionalProperties, root)) return "pairs";
  return "json";
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
