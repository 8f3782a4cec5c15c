import { pathToFileURL } from "node:url";
import type { DuckdbJob } from "@tidegate/operator-duckdb";
import type { FlinkJob } from "@tidegate/operator-flink";
import type { SeaTunnelJob } from "@tidegate/operator-seatunnel";
import type { Lake } from "./lake.js";

/** Copies the orders of an interval into a file of their own. SeaTunnel compares times as texts. */
export function loadJob({ source, orders }: Lake) {
  return {
    env: { parallelism: 1 },
    source: [
      {
        plugin_name: "LocalFile",
        result_table_name: "source",
        path: source,
        file_format_type: "csv",
        schema: { fields: { id: "int", product: "string", cents: "int", ordered_at: "string" } },
      },
    ],
    transform: [
      {
        plugin_name: "Sql",
        source_table_name: "source",
        result_table_name: "interval",
        query:
          "select id, product, cents, ordered_at from source " +
          "where ordered_at >= '{{lower.timestamp}}' and ordered_at < '{{upper.timestamp}}'",
      },
    ],
    sink: [
      {
        plugin_name: "LocalFile",
        source_table_name: "interval",
        path: orders,
        tmp_path: `${orders}-tmp`,
        file_format_type: "csv",
        custom_filename: true,
        file_name_expression: "orders-{{lower.epochMs}}",
        is_enable_transaction: false,
      },
    ],
  } satisfies SeaTunnelJob;
}

/** Adds its tax of 19 % to each order. */
export function taxJob({ orders, taxed }: Lake) {
  return flinkJob({
    orders,
    target: taxed,
    columns: "id INT, product STRING, cents INT, tax INT, ordered_at TIMESTAMP(3)",
    select: "SELECT id, product, cents, cents * 19 / 100, ordered_at FROM orders",
  });
}

/** Sums up the orders of each product. */
export function totalsJob({ orders, totals }: Lake) {
  return flinkJob({
    orders,
    target: totals,
    columns: "product STRING, cents INT, since BIGINT",
    select: "SELECT product, SUM(cents), {{lower.epochMs}} FROM orders",
    group: "GROUP BY product",
  });
}

interface Query {
  readonly orders: string;
  readonly target: string;
  readonly columns: string;
  readonly select: string;
  readonly group?: string;
}

/** A query over the orders of an interval, whose result replaces the interval's folder. */
function flinkJob({ orders, target, columns, select, group = "" }: Query) {
  const table = (name: string, of: string, folder: string): string =>
    `CREATE TEMPORARY TABLE ${name} (${of})
      WITH ('connector' = 'filesystem', 'path' = '${urlOf(folder)}', 'format' = 'csv')`;
  return {
    sql: {
      setup: [
        table("orders", "id INT, product STRING, cents INT, ordered_at TIMESTAMP(3)", orders),
        table("target", columns, target),
      ],
      statement: `INSERT OVERWRITE target /*+ OPTIONS('path' = '${urlOf(target)}/from={{lower.epochMs}}') */
        ${select} WHERE ordered_at >= {{lower.timestamp}} AND ordered_at < {{upper.timestamp}} ${group}`,
    },
  } satisfies FlinkJob;
}

/** Exports each order with its tax and with the total of its product in the interval. */
export function exportJob({ taxed, totals, exported }: Lake) {
  return {
    sql: `
      WITH taxed AS (
        FROM read_csv('${taxed}/from=*/part-*', header = false, columns = {
          id: 'INTEGER', product: 'VARCHAR', cents: 'INTEGER', tax: 'INTEGER', ordered_at: 'TIMESTAMP'
        }) WHERE ordered_at >= $lower AND ordered_at < $upper
      ),
      totals AS (
        SELECT product, sum(cents)::BIGINT AS product_cents
        FROM read_csv('${totals}/from=*/part-*', header = false, columns = {
          product: 'VARCHAR', cents: 'INTEGER', since: 'BIGINT'
        }) WHERE since >= $lower_ms AND since < $upper_ms GROUP BY product
      )
      SELECT id, ordered_at, product, cents, tax, product_cents FROM taxed LEFT JOIN totals USING (product)`,
    target: { path: exported },
  } satisfies DuckdbJob;
}

function urlOf(folder: string): string {
  return pathToFileURL(folder).href;
}
