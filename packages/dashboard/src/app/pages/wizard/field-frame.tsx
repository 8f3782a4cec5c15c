import type { ReactNode } from "react";
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
export function Frame({
  path,
  label,
  hint,
  isNeeded = false,
  hasInner = false,
  problem,
  children,
}: FrameProps) {
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
