import { hash } from "node:crypto";
import { messageOf } from "@tidegate/core/plugin";
import { readSecret, type Secret } from "@tidegate/operator-kit";
import { type Addresses, addressesOf } from "@tidegate/postgres-kit/addresses";
import { JobFailure } from "../duckdb/failure.js";

/** Reads the addresses of a database by the name that jobs use for it: anew for each connection. */
export type Connections = (name: string, signal: AbortSignal) => Promise<Addresses>;

/**
 * Returns the connections of an operator's secrets.
 *
 * @throws OperatorError CONFIGURATION_INVALID for a secret that cannot be read; JobFailure JOB_FAILED, which no other
 * attempt would mend, for one that is no connection string. Neither shows the text
 */
export function connectionsOf(secrets: Readonly<Record<string, Secret>>): Connections {
  return async (name, signal) => {
    const text = await readSecret(name, Object.hasOwn(secrets, name) ? secrets[name] : undefined, signal);
    if (CONNECTION_STRING.test(text)) return addressesIn(name, text);
    throw lasting(`The secret "${name}" is no address such as postgres://user:password@host:port/database.`);
  };
}

/** Returns a name for files that is the same for all who connect to a database, and tells nothing of them. */
export function databaseName({ urls }: Addresses): string {
  const places = urls.map((url) => url.replace(/^([a-z]+:\/\/)[^/?#]*@/, "$1"));
  return hash("sha256", JSON.stringify(places), "hex").slice(0, 16);
}

/** An address that cannot be read will not be by another attempt. */
function addressesIn(name: string, text: string): Addresses {
  try {
    return addressesOf(text, { type: "DuckdbOperatorOptions", field: `secrets.${name}` });
  } catch (error) {
    throw lasting(messageOf(error), error);
  }
}

function lasting(message: string, cause?: unknown): JobFailure {
  return new JobFailure("JOB_FAILED", message, { isRetryable: false, cause });
}

/** A URL, or keywords and values. */
const CONNECTION_STRING = /^postgres(?:ql)?:\/\/|^\s*[a-z_]+\s*=/;
