import { useId } from "react";
import styles from "./segments.module.css";

interface SegmentsProps<Value extends string> {
  readonly legend: string;
  /** Whether the legend is for screen readers only. */
  readonly isQuiet?: boolean;
  readonly options: Readonly<Record<Value, string>>;
  /** `undefined`: none is chosen. */
  readonly value: Value | undefined;
  readonly onChange: (value: Value) => void;
}

/** A choice of a few values that are all in sight. */
export function Segments<Value extends string>(props: SegmentsProps<Value>) {
  const { legend, isQuiet = false, options, value, onChange } = props;
  const name = useId();
  return (
    <fieldset className={styles.segments}>
      <legend className={isQuiet ? styles.unseen : undefined}>{legend}</legend>
      {(Object.entries(options) as [Value, string][]).map(([each, text]) => (
        <label key={each}>
          <input type="radio" name={name} checked={each === value} onChange={() => onChange(each)} />
          {text}
        </label>
      ))}
    </fieldset>
  );
}
