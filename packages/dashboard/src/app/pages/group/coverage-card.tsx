import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { CoverageBuckets, Description } from "@tidegate/core";
import { useState } from "react";
import { bucketsQuery } from "../../api/queries.js";
import { CoverageTable } from "../../heat-map/coverage-table.js";
import { HeatMap } from "../../heat-map/heat-map.js";
import { Legend } from "../../heat-map/legend.js";
import type { Selection } from "../../heat-map/selection.js";
import { Button } from "../../parts/button.js";
import { Card } from "../../parts/card.js";
import parts from "../../parts/parts.module.css";
import { Segments } from "../../parts/segments.js";
import { countText, instantText } from "../../time/format.js";
import styles from "./group.module.css";
import { defaultSpan, type GroupSearch, rangeOf, type Span } from "./search.js";
import { SelectionBar } from "./selection-bar.js";

const route = getRouteApi("/groups/$groupId");

const SPAN_NAMES: Readonly<Record<Span, string>> = {
  "1d": "Day",
  "7d": "Week",
  "35d": "5 weeks",
  "1y": "Year",
  all: "All",
};

const UNIT_NAMES: Readonly<Record<CoverageBuckets["unit"], string>> = {
  interval: "a cell is an interval",
  hour: "a cell is an hour",
  day: "a cell is a day",
  week: "a cell is a week",
  month: "a cell is a month",
  year: "a cell is a year",
};

/** The picture of a group's time. */
export function CoverageCard({ description }: { readonly description: Description }) {
  const { schedule, next } = description;
  const { groupId } = schedule.spec;
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const goTo = useNavigate();
  const [selection, setSelection] = useState<Selection | undefined>();
  const [first] = next.intervals;
  const intervalMs = first === undefined ? averageMs(description) : first.upper - first.lower;
  const ledger = { origin: schedule.origin, watermark: schedule.watermark, intervalMs };
  const range = rangeOf(search, ledger);
  const { data, error } = useQuery(bucketsQuery(groupId, range));
  const show = (view: GroupSearch) => {
    setSelection(undefined);
    void navigate({ search: (before) => ({ ...before, ...view }), resetScroll: false });
  };
  const open = (index: number) => {
    const bucket = data?.buckets[index];
    if (bucket === undefined) return;
    if (bucket.runId !== null) void goTo({ to: "/runs/$runId", params: { runId: bucket.runId } });
    else if (bucket.intervals === null) show({ from: bucket.lower, to: bucket.upper, span: undefined });
  };
  const isOwn = search.from !== undefined;
  const chosen = search.span ?? defaultSpan(ledger);
  return (
    <Card
      title="Coverage"
      aside={
        <div className={styles.controls}>
          <Segments
            legend="Span"
            isQuiet
            options={SPAN_NAMES}
            value={isOwn ? undefined : chosen}
            onChange={(span) => show({ span, from: undefined, to: undefined })}
          />
          <Button onClick={() => show({ view: search.view === "table" ? undefined : "table" })}>
            {search.view === "table" ? "Show the map" : "Show a table"}
          </Button>
        </div>
      }
    >
      <div className={parts.body}>
        {error !== null && <p role="alert">{error.message}</p>}
        {data !== undefined && (
          <>
            <p className={styles.mapNote}>
              {UNIT_NAMES[data.unit]} · {countText(data.buckets.length, "cell")} ·{" "}
              {instantText(data.range.lower, data.timezone)} to {instantText(data.range.upper, data.timezone)}{" "}
              · times in {data.timezone}
            </p>
            {data.buckets.length === 0 ? (
              <p className={parts.muted}>No interval of this range is over yet.</p>
            ) : search.view === "table" ? (
              <CoverageTable coverage={data} />
            ) : (
              <>
                <HeatMap coverage={data} selection={selection} onSelect={setSelection} onOpen={open} />
                <Legend />
              </>
            )}
            <SelectionBar
              coverage={data}
              selection={selection}
              isSource={schedule.status === "SOURCE"}
              onZoom={(from, to) => show({ from, to, span: undefined })}
              onOpen={open}
              onClear={() => setSelection(undefined)}
            />
          </>
        )}
      </div>
    </Card>
  );
}

/** Returns how long an interval of a schedule that has ended was, on average, ms. */
function averageMs({ schedule, counts }: Description): number {
  const runs = Object.values(counts.byState).reduce((sum, count) => sum + count, 0);
  return (schedule.watermark - schedule.origin) / Math.max(1, runs);
}
