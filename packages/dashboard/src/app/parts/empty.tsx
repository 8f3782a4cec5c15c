import type { ReactNode } from "react";
import styles from "./parts.module.css";

/** Shown where there is nothing to show yet. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <section className={styles.empty}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
