import type { ReactNode } from "react";
import parts from "./parts.module.css";
import { visible } from "./visible.js";

type Vector = Readonly<Record<string, string>>;

interface PositionsProps {
  readonly columns: readonly { readonly name: string; readonly positions: Vector }[];
  /** Of a partition, behind its positions. */
  readonly last?: { readonly name: string; readonly of: (partition: string) => ReactNode };
}

/** Most partitions that are listed. */
const MOST = 100;

/** Positions of a source, a row for each partition. */
export function Positions({ columns, last }: PositionsProps) {
  const partitions = [...new Set(columns.flatMap(({ positions }) => Object.keys(positions)))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
  return (
    <section className={parts.scroll} tabIndex={0} aria-label="Positions by partition">
      <table className={parts.table}>
        <thead>
          <tr>
            <th scope="col">Partition</th>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            {last !== undefined && <th scope="col">{last.name}</th>}
          </tr>
        </thead>
        <tbody>
          {partitions.slice(0, MOST).map((partition) => (
            <tr key={partition}>
              <td>
                <bdi>{visible(partition)}</bdi>
              </td>
              {columns.map(({ name, positions }) => (
                <td key={name} className="number">
                  <bdi>{visible(positions[partition] ?? "–")}</bdi>
                </td>
              ))}
              {last !== undefined && <td className="number">{last.of(partition)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {partitions.length > MOST && (
        <p className={parts.body}>And {(partitions.length - MOST).toLocaleString("en")} more partitions.</p>
      )}
    </section>
  );
}
