import type { ReactNode } from "react";
import parts from "./parts.module.css";

/** A row of a `Table`. */
export interface Row {
  readonly key: string;
  readonly cells: readonly ReactNode[];
}

interface TableProps {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly Row[];
  /** Shown below the rows. */
  readonly note?: string | undefined;
  /** Whether the table is a card of its own. @default false */
  readonly isCard?: boolean;
}

/** A table of few rows. */
export function Table({ name, head, rows, note, isCard = false }: TableProps) {
  return (
    <section
      className={isCard ? `${parts.card} ${parts.scroll}` : parts.scroll}
      tabIndex={0}
      aria-label={name}
    >
      <table className={parts.table}>
        <thead>
          <tr>
            {head.map((each) => (
              <th key={each} scope="col">
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) => (
                <td key={head[index]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {note !== undefined && <p>{note}</p>}
    </section>
  );
}
