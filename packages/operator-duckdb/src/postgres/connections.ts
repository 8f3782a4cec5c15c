import { readSecret, type Secret } from "@tidegate/operator-kit";
import { type Addresses, addressesOf } from "@tidegate/postgres-kit/addresses";
import { JobFailure } from "../duckdb/failure.js";

/** Reads the addresses of a database by the name that jobs use for it: anew for each connection. */
export type Connections = (name: string, signal: AbortSignal) => Promise<Addresses>;

/**
 * Returns the connections of an operator's secrets.
 *
 * @throws OperatorError CONFIGURATION_INVALID or JobFailure JOB_FAILED, without the text, for a secret that
 * cannot be read or is no connection string
 */
export function connectionsOf(secrets: Readonly<Record<string, Secret>>): Connections {
  return async (name, signal) => {
    const text = await readSecret(name, Object.hasOwn(secrets, name) ? secrets[name] : undefined, signal);
    if (CONNECTION_STRING.test(text)) {
      return addressesOf(text, { type: "DuckdbOperatorOptions", field: `secrets.${name}` });
    }
    throw new JobFailure(
      "JOB_FAILED",
      `The secret "${name}" is no address such as postgres://user:password@host:port/database.`,
      { isRetryable: false },
    );
  };
}

/** A URL, or keywords and values. */
const CONNECTION_STRING = /^postgres(?:ql)?:\/\/|^\s*[a-z_]+\s*=/;
