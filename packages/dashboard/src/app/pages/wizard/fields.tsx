import { type ReactNode, useState } from "react";
import { instantOf, offsetOf } from "../../time/local.js";
import { isObject, valueAt } from "./definition.js";
import { useDraft } from "./use-wizard.js";
import styles from "./wizard.module.css";

/** A field of the definition. */
export interface FieldProps {
  /** Its path, as REST names it, such as `trigger.every`. */
  readonly path: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly isNeeded?: boolean;
}

/** Returns the id of a field's element. */
export function fieldId(path: string): string {
  return `field-${path}`;
}

interface FrameProps extends FieldProps {
  readonly hasInner?: boolean;
  /** A problem that the page has found itself. */
  readonly problem?: string | undefined;
  readonly children: (given: {
    readonly id: string;
    readonly "aria-describedby": string;
    readonly "aria-invalid": boolean;
    readonly onBlur: () => void;
  }) => ReactNode;
}

/** A field with its label, what it is for, and its error. */
function Frame({ path, label, hint, isNeeded = false, hasInner = false, problem, children }: FrameProps) {
  const { errorAt, touch } = useDraft();
  const id = fieldId(path);
  const error = problem ?? errorAt(path, hasInner);
  return (
    <div className={styles.field}>
      <label htmlFor={id}>
        {label}
        {isNeeded && <span className={styles.needed}> (needed)</span>}
      </label>
      {hint !== undefined && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {children({
        id,
        "aria-describedby": `${id}-hint ${id}-error`,
        "aria-invalid": error !== undefined,
        onBlur: () => touch(path),
      })}
      <p id={`${id}-error`} className={styles.error} aria-live="polite">
        {error}
      </p>
    </div>
  );
}

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

interface WrittenFieldProps extends FieldProps {
  readonly rows: number;
  readonly placeholder?: string | undefined;
  readonly write: (value: unknown) => string;
  /** Returns the value of a text; throws if it has none. */
  readonly read: (text: string) => unknown;
}

/** A value that is written as a text. What cannot be read stays in the field, with the reason, and is not used. */
function WrittenField({ rows, placeholder, write, read, ...field }: WrittenFieldProps) {
  const { definition, set } = useDraft();
  const [text, setText] = useState(() => write(valueAt(definition, field.path)));
  const [problem, setProblem] = useState<string | undefined>();
  const change = (next: string) => {
    setText(next);
    try {
      set(field.path, next.trim() === "" ? undefined : read(next));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <Frame {...field} hasInner problem={problem}>
      {(given) => (
        <textarea
          {...given}
          className={styles.code}
          rows={rows}
          value={text}
          placeholder={placeholder}
          spellCheck={false}
          onChange={(event) => change(event.target.value)}
        />
      )}
    </Frame>
  );
}

/** JSON, for what no form is made for. */
export function JsonField({
  isObjectOnly = false,
  ...field
}: FieldProps & { readonly isObjectOnly?: boolean }) {
  return (
    <WrittenField
      {...field}
      rows={5}
      placeholder={isObjectOnly ? "{ }" : undefined}
      write={(value) => (value === undefined ? "" : JSON.stringify(value, null, 2))}
      read={(text) => {
        const value: unknown = JSON.parse(text);
        if (isObjectOnly && !isObject(value)) throw new Error("must be an object, such as { }");
        return value;
      }}
    />
  );
}

/** Texts, one a line. */
export function ListField(field: FieldProps & { readonly placeholder?: string }) {
  return (
    <WrittenField
      {...field}
      rows={3}
      write={(value) => (Array.isArray(value) ? value.join("\n") : "")}
      read={linesOf}
    />
  );
}

/** Pairs of a name and a text, one a line. */
export function PairsField(field: FieldProps & { readonly placeholder?: string }) {
  return (
    <WrittenField
      {...field}
      rows={3}
      write={(value) =>
        isObject(value)
          ? Object.entries(value)
              .map(([name, each]) => `${name}=${each}`)
              .join("\n")
          : ""
      }
      read={(text) => Object.fromEntries(linesOf(text).map(pairOf))}
    />
  );
}

/** Groups that must have covered the same interval, one a line. */
export function GroupsField(field: FieldProps) {
  return (
    <WrittenField
      {...field}
      rows={3}
      write={(value) => (isObject(value) ? groupsOf(value).join("\n") : "")}
      read={(text) => {
        const groups = linesOf(text).map((groupId) => ({ groupId }));
        return groups.length === 1 ? groups[0] : { all: groups };
      }}
    />
  );
}

function groupsOf({ groupId, all }: Record<string, unknown>): unknown[] {
  return Array.isArray(all) ? all.flatMap(groupsOf) : [groupId];
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function pairOf(line: string): [string, string] {
  const at = line.indexOf("=");
  if (at < 1) throw new Error(`"${line}" must be name=value`);
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

const UNITS = [
  ["seconds", 1_000],
  ["minutes", 60_000],
  ["hours", 3_600_000],
  ["days", 86_400_000],
] as const;

/** A length of time, in a unit that people choose. */
export function DurationField(field: FieldProps) {
  const { definition, set } = useDraft();
  const ms = valueAt(definition, field.path);
  const [unit, setUnit] = useState<number>(
    () => UNITS.findLast(([, size]) => typeof ms === "number" && ms > 0 && ms % size === 0)?.[1] ?? 60_000,
  );
  return (
    <Frame {...field}>
      {(given) => (
        <span className={styles.duration}>
          <input
            {...given}
            type="number"
            min={0}
            step="any"
            value={typeof ms === "number" ? ms / unit : ""}
            onChange={({ target }) =>
              set(field.path, target.value === "" ? undefined : Math.round(target.valueAsNumber * unit))
            }
          />
          <select
            aria-label={`Unit of: ${field.label}`}
            value={unit}
            onChange={({ target }) => {
              const next = Number(target.value);
              if (typeof ms === "number") set(field.path, (ms / unit) * next);
              setUnit(next);
            }}
          >
            {UNITS.map(([name, size]) => (
              <option key={name} value={size}>
                {name}
              </option>
            ))}
          </select>
        </span>
      )}
    </Frame>
  );
}

/** The earliest time that a person may mean, epoch ms: while a year is typed, the field has one of its first digits. */
const EARLIEST = Date.UTC(1900, 0);

/** A local date and time of the schedule's zone, kept as an instant. */
export function InstantField({ zone, ...field }: FieldProps & { readonly zone: string }) {
  const { definition, set } = useDraft();
  const value = valueAt(definition, field.path);
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  const local = Number.isNaN(at) ? "" : new Date(at + offsetOf(at, zone)).toISOString().slice(0, 16);
  return (
    <Frame {...field}>
      {(given) => (
        <input
          {...given}
          // Written anew in another zone only: a browser forgets the digits that were typed when the value is set.
          key={zone}
          type="datetime-local"
          min="1900-01-01T00:00"
          max="9999-12-31T23:59"
          defaultValue={local}
          onChange={({ target }) => {
            const read = Date.parse(`${target.value}Z`);
            const isMeant = read >= EARLIEST;
            set(field.path, isMeant ? new Date(instantOf(read, zone)).toISOString() : undefined);
          }}
        />
      )}
    </Frame>
  );
}
