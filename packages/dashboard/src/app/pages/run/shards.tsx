import { useQuery } from "@tanstack/react-query";
import { shardsQuery } from "../../api/queries.js";
import { Badge, type Tone } from "../../parts/badge.js";
import { Card } from "../../parts/card.js";
import type { IconName } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { visible } from "../../parts/visible.js";
import { countText, durationText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./run.module.css";

type Page = Awaited<ReturnType<NonNullable<ReturnType<typeof shardsQuery>["queryFn"]>>>;
type State = Page["items"][number]["state"];

const LOOKS: Readonly<Record<State, readonly [Tone, IconName, string]>> = {
  PLANNED: ["quiet", "clock", "Planned"],
  SUBMITTING: ["info", "play", "Submitting"],
  RUNNING: ["info", "play", "Running"],
  REASSIGNING: ["warn", "repeat", "Being taken over"],
  SUCCEEDED: ["good", "check", "Succeeded"],
  FAILED: ["bad", "cross", "Failed"],
  CANCELLED: ["quiet", "dash", "Cancelled"],
};

/** The parts of a run that is split, and how far they have got. */
export function ShardsCard({ runId }: { readonly runId: string }) {
  const { data } = useQuery(shardsQuery(runId));
  if (data === undefined || data.summary === null) return null;
  const { items, next, summary } = data;
  return (
    <Card title="Shards" aside={<span className={parts.muted}>{progressText(summary)}</span>}>
      <Pace summary={summary} />
      <section className={parts.scroll} tabIndex={0} aria-label="All shards">
        <table className={parts.table}>
          <thead>
            <tr>
              <th scope="col">Shard</th>
              <th scope="col">State</th>
              <th scope="col">Began</th>
              <th scope="col">Took</th>
              <th scope="col">Attempt</th>
              <th scope="col">Rows written</th>
              <th scope="col">Error</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ id, key, state, submittedAt, endedAt, attempt, metrics, error }) => {
              const [tone, icon, text] = LOOKS[state];
              return (
                <tr key={id}>
                  <td>
                    <bdi>{visible(key)}</bdi>
                  </td>
                  <td>
                    <Badge tone={tone} icon={icon} text={text} />
                  </td>
                  <td>{submittedAt !== null && <Instant at={submittedAt} isRelative />}</td>
                  <td>
                    {submittedAt !== null &&
                      endedAt !== null &&
                      durationText(Math.max(0, endedAt - submittedAt))}
                  </td>
                  <td className="number">{attempt}</td>
                  <td className="number">{metrics?.rowsWritten?.toLocaleString("en")}</td>
                  <td className={parts.mono}>
                    <bdi>{error !== null && visible(error.message).slice(0, 160)}</bdi>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      {next !== undefined && (
        <p className={styles.none}>The first {items.length} are shown, in the order of the split.</p>
      )}
    </Card>
  );
}

/** How fast the shards get on, and what holds them up, if that is known. */
function Pace({ summary }: { readonly summary: NonNullable<Page["summary"]> }) {
  const { count, states, rowsPerSecond, expectedEndAt, slowest } = summary;
  const facts = [
    <>
      {(states.SUCCEEDED ?? 0).toLocaleString("en")} of {count.toLocaleString("en")} have succeeded
    </>,
    rowsPerSecond !== null && <>{rowsPerSecond.toLocaleString("en")} rows/s</>,
    expectedEndAt !== null && (
      <>
        expected to end <Instant at={expectedEndAt} isRelative />
      </>
    ),
    slowest !== null && (
      <>
        slowest: <bdi>{visible(slowest)}</bdi>
      </>
    ),
  ].filter((fact) => fact !== false);
  return (
    <ul className={styles.pace}>
      {facts.map((fact, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the facts are always in this order
        <li key={index}>{fact}</li>
      ))}
    </ul>
  );
}

function progressText({ count, states, done }: NonNullable<Page["summary"]>): string {
  const share = `${Math.floor(done * 100)} % done`;
  const failed = states.FAILED === undefined ? "" : `, ${states.FAILED.toLocaleString("en")} failed`;
  return `${countText(count, "shard")}, ${share}${failed}`;
}
