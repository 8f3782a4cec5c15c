import type { ReactNode } from "react";
import styles from "./parts.module.css";

/** A number with its name. */
export interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
}

/** A row of numbers. */
export function Figures({ items }: { readonly items: readonly FigureProps[] }) {
  return (
    <dl className={styles.figures}>
      {items.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={styles.value}>{value}</dd>
          {note !== undefined && <dd className={styles.note}>{note}</dd>}
        </div>
      ))}
    </dl>
  );
}
