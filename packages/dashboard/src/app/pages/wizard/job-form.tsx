import { valueAt } from "./definition.js";
import { type FieldProps, Frame } from "./field-frame.js";
import { BooleanField, ChoiceField, NumberField, TextField } from "./fields.js";
import {
  exampleOf,
  fieldKindOf,
  fieldsOf,
  inVariant,
  type JobSchema,
  resolved,
  variantOf,
  variantsOf,
} from "./job-schema.js";
import { useDraft } from "./use-wizard.js";
import styles from "./wizard.module.css";
import { JsonField, ListField, PairsField } from "./written-fields.js";

/** The form of an operator's job, from the JSON Schema that the operator describes it by. */
export function JobForm({ schema }: { readonly schema: JobSchema | null }) {
  if (schema?.properties === undefined) {
    return <JsonField path="job" label="Job" hint="The operator's own fields, as JSON." isObjectOnly />;
  }
  return <Fields schema={schema} root={schema} path="job" />;
}

interface SchemaProps {
  /** Resolved. */
  readonly schema: JobSchema;
  readonly root: JobSchema;
  readonly path: string;
}

function Fields({ schema, root, path }: SchemaProps) {
  return fieldsOf(schema).map(([name, field, isNeeded]) => (
    <JobField
      key={name}
      name={name}
      schema={resolved(field, root)}
      root={root}
      path={`${path}.${name}`}
      isNeeded={isNeeded}
    />
  ));
}

interface JobFieldProps extends SchemaProps {
  readonly name: string;
  readonly isNeeded: boolean;
}

function JobField({ name, schema, root, path, isNeeded }: JobFieldProps) {
  const field = { path, label: schema.title ?? name, hint: schema.description, isNeeded };
  switch (fieldKindOf(name, schema, root)) {
    case "choice":
      return (
        <ChoiceField {...field} none={isNeeded ? "Choose one" : "Default"} options={optionsOf(schema)} />
      );
    case "text":
      return <TextField {...field} />;
    case "lines-of-text":
      return <TextField {...field} rows={4} />;
    case "number":
      return (
        <NumberField
          {...field}
          min={schema.minimum}
          max={schema.maximum}
          isWhole={schema.type === "integer"}
        />
      );
    case "boolean":
      return <BooleanField {...field} />;
    case "list":
      return <ListField {...field} hint={withHint(field.hint, "One a line.")} />;
    case "pairs":
      return <PairsField {...field} hint={withHint(field.hint, "name=value, one a line.")} />;
    case "json":
      return (
        <JsonField {...field} hint={withHint(field.hint, "JSON.")} placeholder={exampleText(schema, root)} />
      );
    case "variants":
      return <VariantsField {...field} schema={schema} root={root} />;
    case "group":
      return (
        <details className={styles.group} open={isNeeded}>
          <summary>
            {field.label}
            {isNeeded && <span className={styles.needed}> (needed)</span>}
          </summary>
          {schema.description !== undefined && <p className={styles.hint}>{schema.description}</p>}
          <Fields schema={schema} root={root} path={path} />
        </details>
      );
  }
}

interface VariantsFieldProps extends FieldProps {
  readonly schema: JobSchema;
  readonly root: JobSchema;
}

/** An object that has one of several forms: which, and the fields of that one. */
function VariantsField({ schema, root, ...field }: VariantsFieldProps) {
  const { definition, set } = useDraft();
  const variants = variantsOf(schema, root) ?? [];
  const value = valueAt(definition, field.path);
  const chosen = variantOf(value, variants);
  const choose = (name: string) => {
    const next = variants.find((each) => each.name === name);
    set(field.path, next === undefined ? undefined : inVariant(value, next));
  };
  return (
    <div className={styles.group}>
      <Frame {...field}>
        {(given) => (
          <select {...given} value={chosen?.name ?? ""} onChange={({ target }) => choose(target.value)}>
            <option value="">{field.isNeeded ? "Choose one" : "None"}</option>
            {variants.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </Frame>
      {chosen !== undefined && (
        <Fields key={chosen.name} schema={chosen.schema} root={root} path={field.path} />
      )}
    </div>
  );
}

/** Returns an example for people; `undefined` if the schema says nothing of its form. */
function exampleText(schema: JobSchema, root: JobSchema): string | undefined {
  const example = exampleOf(schema, root);
  return typeof example === "object" ? JSON.stringify(example, null, 2) : undefined;
}

function optionsOf({ enum: values = [] }: JobSchema) {
  return values.map((value) => ({ value: String(value), text: String(value) }));
}

function withHint(hint: string | undefined, form: string): string {
  return hint === undefined ? form : `${hint} ${form}`;
}
