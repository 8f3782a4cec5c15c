import { useQuery } from "@tanstack/react-query";
import type { SystemInfo } from "@tidegate/client";
import type { PoolStatus } from "@tidegate/core";
import { poolsQuery, systemQuery } from "../../api/queries.js";
import { Badge } from "../../parts/badge.js";
import { Card } from "../../parts/card.js";
import { Empty } from "../../parts/empty.js";
import { Figures } from "../../parts/figure.js";
import parts from "../../parts/parts.module.css";
import { type Row, Table } from "../../parts/table.js";
import { visible } from "../../parts/visible.js";
import { durationText } from "../../time/format.js";
import { StoreCards } from "./store-cards.js";

/** A difference between the clocks of the manager and the browser that a person should know, ms. */
const SKEW_MS = 5_000;

/** The manager and the parts that it was made of. */
export function SystemPage() {
  const { data, error, dataUpdatedAt } = useQuery(systemQuery);
  const pools = useQuery(poolsQuery).data ?? [];
  if (error !== null && data === undefined) {
    return <Empty title="The system cannot be shown">{error.message}</Empty>;
  }
  if (data === undefined) return null;
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>System</h1>
          <p>The manager that serves this page, and the parts that it was made of.</p>
        </div>
      </div>
      <Figures items={figuresOf(data, dataUpdatedAt)} />
      <Card title="Engines">
        <Table
          name="All engines"
          head={["Engine", "Fires", "Shortest period", "Definitions"]}
          rows={data.engines.map((engine) => ({
            key: engine.engineType,
            cells: [
              <Named key="name" name={engine.engineType} isDefault={engine.isDefault} />,
              engine.isFiring ? "in this manager" : "in another process",
              durationText(engine.finestPeriodMs),
              engine.holdsDefinitions ? "kept by the engine as well" : "kept by the store",
            ],
          }))}
        />
      </Card>
      <Card title="Operators">
        <Table
          name="All operators"
          head={["Operator", "Jobs read", "Shards", "Counts rows", "Form"]}
          rows={data.operators.map((operator) => ({
            key: operator.operatorType,
            cells: [
              <Named key="name" name={operator.operatorType} isDefault={operator.isDefault} />,
              operator.boundaryTypes.map((type) => (type === "TIME" ? "time" : "positions")).join(", "),
              yesNo(operator.canSplit),
              yesNo(operator.canVerify),
              operator.jobSchema === null ? "JSON" : "described",
            ],
          }))}
        />
      </Card>
      <Card title="Pools">
        {pools.length === 0 ? (
          <div className={parts.body}>
            There is no pool: runs of different groups do not wait for each other.
          </div>
        ) : (
          <Table
            name="All pools"
            head={["Pool", "In use", "Active", "Waiting", "Most begin"]}
            rows={pools.map(poolRow)}
          />
        )}
      </Card>
      <StoreCards />
    </>
  );
}

function figuresOf({ namespace, now, tzdata, gates, probes, sources }: SystemInfo, readAt: number) {
  const skew = Math.abs(now - readAt);
  return [
    { name: "Namespace", value: visible(namespace) },
    {
      name: "Clock",
      value: skew < SKEW_MS ? "in step" : `${durationText(skew)} ${now > readAt ? "ahead" : "behind"}`,
      note: "compared with this browser's",
    },
    { name: "Time zones", value: visible(tzdata) },
    { name: "Gates", value: listText(gates), note: "besides those built in" },
    { name: "Probes", value: listText(probes) },
    { name: "Sources of positions", value: listText(sources) },
  ];
}

function listText(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map(visible).join(", ");
}

function yesNo(is: boolean): string {
  return is ? "yes" : "no";
}

function poolRow({ name, used, slots, activeRuns, waitingRuns, perSecond }: PoolStatus): Row {
  return {
    key: name,
    cells: [
      visible(name),
      `${used.toLocaleString("en")} of ${slots.toLocaleString("en")} slots`,
      activeRuns.toLocaleString("en"),
      waitingRuns.toLocaleString("en"),
      perSecond === null ? "no limit" : `${perSecond.toLocaleString("en")} a second`,
    ],
  };
}

function Named({ name, isDefault }: { readonly name: string; readonly isDefault: boolean }) {
  return (
    <>
      <bdi>{visible(name)}</bdi> {isDefault && <Badge tone="info" icon="check" text="default" />}
    </>
  );
}
