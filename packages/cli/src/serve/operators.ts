import { createDuckdbOperator, type DuckdbOperatorOptions } from "@tidegate/operator-duckdb";
import { createHttpOperator, type HttpOperatorOptions } from "@tidegate/operator-http";

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** Settings of the operators. */
export interface OperatorSettings {
  readonly duckdb?: DuckdbOperatorOptions | undefined;
  readonly http?: HttpOperatorOptions | undefined;
}

/**
 * Returns DuckDB's operator, the default of schedules that name none, and the HTTP operator. Unless told otherwise,
 * jobs read and write files below this directory, and call services of this machine.
 */
export function defaultOperators({ duckdb, http }: OperatorSettings = {}) {
  return [
    createDuckdbOperator(duckdb ?? { allowedDirectories: ["."] }),
    createHttpOperator(http ?? { allow: LOOPBACK, allowHttp: LOOPBACK, allowPrivate: LOOPBACK }),
  ];
}
