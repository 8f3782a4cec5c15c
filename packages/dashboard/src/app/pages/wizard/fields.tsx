import { valueAt } from "./definition.js";
import { type FieldProps, Frame } from "./field-frame.js";
import { useDraft } from "./use-wizard.js";

interface TextFieldProps extends FieldProps {
  readonly placeholder?: string;
  readonly rows?: number;
  /** Suggestions. */
  readonly options?: readonly string[];
}

/** A text, of several lines if it has rows. */
export function TextField({ placeholder, rows, options, ...field }: TextFieldProps) {
  const { definition, set } = useDraft();
  const value = String(valueAt(definition, field.path) ?? "");
  const change = (text: string) => set(field.path, text === "" ? undefined : text);
  return (
    <Frame {...field}>
      {(given) =>
        rows === undefined ? (
          <>
            <input
              {...given}
              value={value}
              placeholder={placeholder}
              list={options && `${given.id}-options`}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => change(event.target.value)}
            />
            {options !== undefined && (
              <datalist id={`${given.id}-options`}>
                {options.map((option) => (
                  <option key={option} value={option} />
                ))}
              </datalist>
            )}
          </>
        ) : (
          <textarea
            {...given}
            rows={rows}
            value={value}
            placeholder={placeholder}
            spellCheck={false}
            onChange={(event) => change(event.target.value)}
          />
        )
      }
    </Frame>
  );
}

interface NumberFieldProps extends FieldProps {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly isWhole?: boolean;
  readonly placeholder?: string;
}

/** A number. Its limits are REST's, which says so at the field. */
export function NumberField({ min, max, isWhole = true, placeholder, ...field }: NumberFieldProps) {
  const { definition, set } = useDraft();
  const value = valueAt(definition, field.path);
  return (
    <Frame {...field}>
      {(given) => (
        <input
          {...given}
          type="number"
          min={min}
          max={max}
          step={isWhole ? 1 : "any"}
          placeholder={placeholder}
          value={typeof value === "number" ? value : ""}
          onChange={({ target }) => set(field.path, target.value === "" ? undefined : target.valueAsNumber)}
        />
      )}
    </Frame>
  );
}

interface ChoiceFieldProps extends FieldProps {
  readonly options: readonly { readonly value: string; readonly text: string }[];
  /** The text of no choice; without one, something is always chosen. */
  readonly none?: string;
  readonly onChange?: (value: string | undefined) => void;
}

/** One of several values. */
export function ChoiceField({ options, none, onChange, ...field }: ChoiceFieldProps) {
  const { definition, set } = useDraft();
  const value = valueAt(definition, field.path);
  return (
    <Frame {...field}>
      {(given) => (
        <select
          {...given}
          value={String(value ?? "")}
          onChange={({ target }) => {
            const chosen = target.value === "" ? undefined : target.value;
            if (onChange === undefined) set(field.path, chosen);
            else onChange(chosen);
          }}
        >
          {none !== undefined && <option value="">{none}</option>}
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </select>
      )}
    </Frame>
  );
}

/** Yes, no, or left to the default. */
export function BooleanField(field: FieldProps) {
  const { definition, set } = useDraft();
  const value = valueAt(definition, field.path);
  return (
    <Frame {...field}>
      {(given) => (
        <select
          {...given}
          value={value === undefined ? "" : String(value)}
          onChange={({ target }) =>
            set(field.path, target.value === "" ? undefined : target.value === "true")
          }
        >
          <option value="">Default</option>
          <option value="true">Yes</option>
          <option value="false">No</option>
        </select>
      )}
    </Frame>
  );
}
