import type { Preview } from "@tidegate/core";
import { Badge } from "../../parts/badge.js";
import { Button } from "../../parts/button.js";
import { Card } from "../../parts/card.js";
import parts from "../../parts/parts.module.css";
import { visible } from "../../parts/visible.js";
import { durationText, instantText } from "../../time/format.js";
import { offsetOf } from "../../time/local.js";
import type { Definition } from "./definition.js";
import { firstReadSentence, frequencyText, triggerSentence } from "./sentence.js";
import { zoneOf } from "./steps.js";
import type { Refusal } from "./use-wizard.js";
import styles from "./wizard.module.css";

interface PreviewCardProps {
  readonly definition: Definition;
  readonly preview: Preview | undefined;
  /** Why there is no preview of the definition as it is. */
  readonly refusal: Refusal | undefined;
  readonly onShow: (field: string) => void;
}

/** A note about one day, as the preview writes it. */
const OF_DAY = /^(\d{4}-\d{2}-\d{2}): (.*)$/s;

/** The coming intervals of a definition, and what it owes at once. */
export function PreviewCard({ definition, preview, refusal, onShow }: PreviewCardProps) {
  const zone = zoneOf(definition.timezone);
  const { intervals = [], notes = [], firstRead } = preview ?? {};
  const frequency = definition.trigger === undefined ? "" : frequencyText(intervals);
  return (
    <Card title="Preview" aside={<span className={parts.muted}>changes while you type</span>}>
      <div className={parts.body}>
        <p className={styles.sentence} aria-live="polite">
          <strong>{triggerSentence(definition)}</strong>
          {frequency !== "" && <span className={parts.muted}>: {frequency}</span>}
        </p>
        {refusal !== undefined && (
          <p className={styles.refusal}>
            <span>{visible(refusal.message)}</span>
            {refusal.field !== undefined && (
              <Button onClick={() => onShow(refusal.field!)}>Show the field</Button>
            )}
          </p>
        )}
        {firstRead !== undefined && <p>{visible(firstReadSentence(firstRead))}</p>}
        <ul className={styles.notes}>
          {notes
            .filter((note) => !OF_DAY.test(note))
            .map((note) => (
              <li key={note}>{visible(note)}</li>
            ))}
        </ul>
      </div>
      {intervals.length > 0 && <Intervals intervals={intervals} notes={notes} zone={zone} />}
    </Card>
  );
}

interface IntervalsProps {
  readonly intervals: Preview["intervals"];
  readonly notes: readonly string[];
  readonly zone: string;
}

function Intervals({ intervals, notes, zone }: IntervalsProps) {
  const ofDay = new Map(notes.flatMap((note) => dayNote(note) ?? []));
  const rows = intervals.map((interval) => {
    const day = [interval.upper, interval.lower]
      .map((at) => localDate(at, zone))
      .find((date) => ofDay.has(date));
    const note = day === undefined ? undefined : ofDay.get(day);
    // A day's note stands at the first interval that it concerns.
    if (day !== undefined) ofDay.delete(day);
    return { interval, note };
  });
  return (
    <section className={`${parts.scroll} ${styles.intervals}`} tabIndex={0} aria-label="Intervals to come">
      <table className={parts.table}>
        <thead>
          <tr>
            <th scope="col">Begins ({zone})</th>
            <th scope="col">Ends</th>
            <th scope="col">Length</th>
            <th scope="col">Due (UTC)</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ interval, note }) => (
            <tr key={interval.lower}>
              <td>
                {instantText(interval.lower, zone)}
                {note !== undefined && <p className={styles.dayNote}>{visible(note)}</p>}
              </td>
              <td>{instantText(interval.upper, zone)}</td>
              <td>
                {durationText(interval.upper - interval.lower)}
                {offsetOf(interval.lower, zone) !== offsetOf(interval.upper, zone) && (
                  <>
                    {" "}
                    <Badge tone="warn" icon="clock" text="clocks change" />
                  </>
                )}
              </td>
              <td>
                <time dateTime={new Date(interval.fireAt).toISOString()}>
                  {instantText(interval.fireAt, "UTC")}
                </time>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function dayNote(note: string): [[string, string]] | undefined {
  const [, day, text] = OF_DAY.exec(note) ?? [];
  return day === undefined || text === undefined ? undefined : [[day, text]];
}

function localDate(at: number, zone: string): string {
  return new Date(at + offsetOf(at, zone)).toISOString().slice(0, 10);
}
