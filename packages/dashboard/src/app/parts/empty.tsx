import type { ReactNode } from "react";
import styles from "./parts.module.css";

interface EmptyProps {
  readonly title: string;
  /** Whether it is all that the page has. @default false */
  readonly isPage?: boolean;
  readonly children?: ReactNode;
}

/** Shown where there is nothing to show yet. */
export function Empty({ title, isPage = false, children }: EmptyProps) {
  return (
    <section className={styles.empty}>
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </section>
  );
}
