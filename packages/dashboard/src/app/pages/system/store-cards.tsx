import { useQuery } from "@tanstack/react-query";
import type { StoreDescription } from "@tidegate/client";
import { storeQuery } from "../../api/queries.js";
import { Card } from "../../parts/card.js";
import { Figures } from "../../parts/figure.js";
import parts from "../../parts/parts.module.css";
import { Table } from "../../parts/table.js";
import { visible } from "../../parts/visible.js";
import { countText, durationText, viewerZone } from "../../time/format.js";
import { Instant } from "../../time/instant.js";

/** A difference between the clocks of the manager and the store that a person should know, ms. */
const SKEW_MS = 1_000;

/** The store's size, its clock, and the managers that share it. */
export function StoreCards() {
  const { data, error } = useQuery(storeQuery);
  if (error !== null && data === undefined) {
    return (
      <Card title="Store">
        <p className={parts.body} role="alert">
          {visible(error.message)}
        </p>
      </Card>
    );
  }
  if (data === undefined) return null;
  return (
    <>
      <Card title="Managers">
        {data.isShared ? (
          <Managers {...data} />
        ) : (
          <div className={parts.body}>This manager has the store to itself.</div>
        )}
      </Card>
      <Card title="Store">
        <div className={parts.body}>
          <Figures items={figuresOf(data)} />
        </div>
        <Table
          name="All tables"
          head={["Table", "Rows, about", "Size"]}
          rows={data.tables.map(({ name, rows, bytes }) => ({
            key: name,
            cells: [visible(name), rows?.toLocaleString("en") ?? "not counted", sizeText(bytes)],
          }))}
        />
      </Card>
    </>
  );
}

function Managers({ managers }: StoreDescription) {
  return (
    <Table
      name="All managers"
      head={["Manager", "Last seen", "Runs leased", "Leases end"]}
      rows={managers.map(({ name, seenAt, leases, leaseUntil }) => ({
        key: name,
        cells: [
          <bdi key="name">{visible(name)}</bdi>,
          seenAt === null ? "long ago" : <Instant key="seen" at={seenAt} zone={viewerZone} />,
          countText(leases, "run"),
          leaseUntil === null ? "" : <Instant key="until" at={leaseUntil} zone={viewerZone} />,
        ],
      }))}
    />
  );
}

function figuresOf({ kind, bytes, clockAheadMs }: StoreDescription) {
  const skew = Math.abs(clockAheadMs);
  return [
    { name: "Kind", value: visible(kind) },
    { name: "Size", value: sizeText(bytes) },
    {
      name: "Clock of the manager",
      value: skew < SKEW_MS ? "in step" : `${durationText(skew)} ${clockAheadMs > 0 ? "ahead" : "behind"}`,
      note: "compared with the store's",
    },
  ];
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Returns a size in its largest unit: `1.4 GB`. */
function sizeText(bytes: number | null): string {
  if (bytes === null) return "not known";
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${value.toLocaleString("en", { maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1 })} ${UNITS[power]}`;
}
