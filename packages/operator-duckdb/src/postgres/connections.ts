import { readSecret, type Secret } from "@tidegate/operator-kit";
import { JobFailure } from "../duckdb/failure.js";

/** Reads the address of a database by the name that jobs use for it. It is read anew for each connection. */
export type Connections = (name: string, signal: AbortSignal) => Promise<string>;

/** Returns the connections of an operator's secrets. */
export function connectionsOf(secrets: Readonly<Record<string, Secret>>): Connections {
  return async (name, signal) => {
    const url = await readSecret(name, Object.hasOwn(secrets, name) ? secrets[name] : undefined, signal);
    if (isAddress(url)) return url;
    // The error of a parser would contain the password.
    throw new JobFailure(
      "JOB_FAILED",
      `The secret "${name}" is no address such as postgres://user:password@host:port/database.`,
      {
        isRetryable: false,
      },
    );
  };
}

function isAddress(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text);
}
