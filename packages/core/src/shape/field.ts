import { z } from "zod";

/**
 * Returns an optional field with a default value.
 *
 * @param text - the default as documents name it. @default the value as JSON
 */
export function defaulted<Field extends z.ZodType>(
  field: Field,
  meaning: string,
  value: z.output<Field>,
  text: string = textOf(value),
): z.ZodDefault<Field> {
  return z._default(field, value as never).describe(withDefault(meaning, text));
}

/** Returns an optional field. If it is omitted, its value depends on other things, or it has none. */
export function optional<Field extends z.ZodType>(
  field: Field,
  meaning: string,
  text: string,
): z.ZodOptional<Field> {
  return field.optional().describe(withDefault(meaning, text));
}

/** Appends the default to a description. */
export function withDefault(meaning: string, text: string): string {
  return `${meaning} Default: ${text}.`;
}

/** Returns a description without the default. */
export function meaningOf(description: string): string {
  return description.replace(/ Default: .*$/s, "");
}

function textOf(value: unknown): string {
  return typeof value === "number" ? value.toLocaleString("en-US") : JSON.stringify(value);
}

/** Returns the schema of an instant that a store holds, with its description. */
export function at(what: string): z.ZodInt {
  return z.int().describe(`${what}, epoch ms.`);
}

/** Returns the schema of an instant that a store holds and that may be `null`, with its description. */
export function maybeAt(what: string, whenNull?: string): z.ZodNullable<z.ZodInt> {
  const text = whenNull === undefined ? `${what}, epoch ms.` : `${what}, epoch ms; \`null\` ${whenNull}.`;
  return z.int().nullable().describe(text);
}

/** The schema of a field without its default, optional fields included. */
export type Filled<Field> = Field extends
  | z.ZodDefault<infer Inner>
  | z.ZodPrefault<infer Inner>
  | z.ZodOptional<infer Inner>
  ? Filled<Inner>
  : Field;

/** Returns the fields of a definition as they are once every default is filled in. */
export function filled<Fields extends z.ZodRawShape>(
  fields: Fields,
): { [Name in keyof Fields]: Filled<Fields[Name]> } {
  const entries = Object.entries(fields).map(([name, field]) => {
    const { description = "" } = field as z.ZodType;
    return [name, (filledField(field as z.ZodType) as z.ZodType).describe(meaningOf(description))];
  });
  return Object.fromEntries(entries) as { [Name in keyof Fields]: Filled<Fields[Name]> };
}

function filledField(field: z.ZodType): z.ZodType {
  const isOptional =
    field instanceof z.ZodDefault || field instanceof z.ZodPrefault || field instanceof z.ZodOptional;
  return isOptional ? filledField(field.unwrap() as z.ZodType) : field;
}
