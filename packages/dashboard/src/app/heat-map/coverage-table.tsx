import { Link } from "@tanstack/react-router";
import type { CoverageBuckets } from "@tidegate/core";
import parts from "../parts/parts.module.css";
import { intervalText } from "../time/format.js";
import { cellFacts, shareText } from "./cell-text.js";

/** Most rows of the table. */
const MOST = 500;

/** The content of a heat map as a table, newest first. */
export function CoverageTable({ coverage }: { readonly coverage: CoverageBuckets }) {
  const { buckets, timezone, sealedThrough } = coverage;
  const shown = buckets.slice(-MOST).reverse();
  return (
    <section className={parts.scroll} tabIndex={0} aria-label="Coverage as a table">
      <table className={parts.table}>
        <thead>
          <tr>
            <th scope="col">Time ({timezone})</th>
            <th scope="col">State</th>
            <th scope="col">Succeeded</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((bucket) => (
            <tr key={`${bucket.lower}/${bucket.upper}/${bucket.runId}`}>
              <td>
                {bucket.runId === null ? (
                  intervalText(bucket, timezone)
                ) : (
                  <Link to="/runs/$runId" params={{ runId: bucket.runId }}>
                    {intervalText(bucket, timezone)}
                  </Link>
                )}
              </td>
              <td>{cellFacts(bucket, sealedThrough).join(", ")}</td>
              <td className="number">{shareText(bucket.succeededShare)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {buckets.length > MOST && <p className={parts.muted}>The newest {MOST} are shown.</p>}
    </section>
  );
}
