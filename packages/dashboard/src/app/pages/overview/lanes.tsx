import { Link } from "@tanstack/react-router";
import type { Run, Schedule } from "@tidegate/core";
import { useMemo, useRef } from "react";
import { useWidth } from "../../heat-map/use-width.js";
import { durationText, instantText, intervalText, viewerZone } from "../../time/format.js";
import { lanesOf } from "./lanes-of.js";
import styles from "./overview.module.css";

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Steps between the marks of the axis, ms. */
const STEPS = [MINUTE, 2 * MINUTE, 10 * MINUTE, HOUR, 4 * HOUR];

/** Spans of the picture into the past, ms; the shortest that shows most runs is taken. */
const SPANS = [10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR];

interface LanesProps {
  readonly runs: readonly Run[];
  readonly schedules: readonly Schedule[];
  readonly now: number;
}

/** Which runs were carried out when: a lane for each group, with the next fire where it is near. */
export function Lanes({ runs, schedules, now }: LanesProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const { lanes, isWhole } = useMemo(() => lanesOf(runs, schedules), [runs, schedules]);
  const past = spanOf(runs, now);
  const from = now - past;
  const to = now + past / 5;
  const label = width < 640 ? 96 : 190;
  const at = (instant: number) => label + ((instant - from) / (to - from)) * Math.max(0, width - label);
  const laneHeight = 26;
  const height = 24 + lanes.length * laneHeight;
  return (
    <div ref={frame} className={styles.lanes}>
      <svg width={width} height={height} role="img" aria-label={`Runs of the last ${durationText(past)}`}>
        <g className={styles.axis}>
          {marksOf(from, to).map((mark, index) => (
            <g key={mark}>
              <line x1={at(mark)} x2={at(mark)} y1={20} y2={height} />
              {(width > 640 || index % 3 === 0) && (
                <text x={at(mark) + 4} y={13}>
                  {instantText(mark, viewerZone).split(", ")[1]}
                </text>
              )}
            </g>
          ))}
          <line x1={at(now)} x2={at(now)} y1={6} y2={height} className={styles.now} />
        </g>
        {lanes.map(({ groupId, runs, nextFireAt }, index) => (
          <g key={groupId} transform={`translate(0 ${24 + index * laneHeight})`}>
            {runs.map((run) => {
              const begin = Math.max(from, run.startedAt ?? run.submittedAt ?? run.plannedAt);
              const end = run.endedAt ?? now;
              if (end < from) return null;
              return (
                <rect
                  key={run.id}
                  x={at(begin)}
                  y={5}
                  width={Math.max(3, at(end) - at(begin))}
                  height={16}
                  rx={2}
                  className={styles[run.state.toLowerCase()]}
                >
                  <title>{`${groupId}\n${intervalText(run, viewerZone)}\n${run.state}, ${durationText(Math.max(0, end - begin))}`}</title>
                </rect>
              );
            })}
            {nextFireAt !== null && nextFireAt > now && nextFireAt < to && (
              <circle cx={at(nextFireAt)} cy={13} r={4} className={styles.next}>
                <title>{`${groupId}: next fire ${instantText(nextFireAt, viewerZone)}`}</title>
              </circle>
            )}
          </g>
        ))}
      </svg>
      <ul className={styles.laneNames}>
        {lanes.map(({ groupId }) => (
          <li key={groupId} style={{ height: laneHeight, width: label - 10 }}>
            <Link to="/groups/$groupId" params={{ groupId }} title={groupId}>
              <bdi>{groupId}</bdi>
            </Link>
          </li>
        ))}
      </ul>
      {!isWhole && (
        <p className={styles.more}>
          {lanes.length} groups are shown: those that ran last, then those that fire next.
        </p>
      )}
    </div>
  );
}

function spanOf(runs: readonly Run[], now: number): number {
  const oldest = Math.min(...runs.map(({ startedAt, plannedAt }) => startedAt ?? plannedAt), now);
  return SPANS.find((span) => now - oldest <= span) ?? SPANS.at(-1)!;
}

/** Returns full minutes or hours, at most eight. */
function marksOf(from: number, to: number): number[] {
  const step = STEPS.find((each) => (to - from) / each <= 8) ?? STEPS.at(-1)!;
  const first = Math.ceil(from / step) * step;
  return Array.from(
    { length: Math.max(0, Math.ceil((to - first) / step)) },
    (_, index) => first + index * step,
  );
}
