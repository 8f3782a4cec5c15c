import { useState } from "react";
import { instantOf, offsetOf } from "../../time/local.js";
import { valueAt } from "./definition.js";
import { type FieldProps, Frame } from "./field-frame.js";
import { useDraft } from "./use-wizard.js";
import styles from "./wizard.module.css";

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
