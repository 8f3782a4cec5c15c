import { findEnvironment } from "./python-environment.js";

/**
 * Finds the Python of an environment with Schemathesis, which sends a service what its OpenAPI document allows and forbids:
 * `python -m schemathesis.cli run <address of the document>`.
 *
 * @throws Error naming the ways, when none works
 */
export function findSchemathesis(): Promise<string> {
  return findEnvironment({
    what: "Schemathesis",
    megabytes: 35,
    name: "schemathesis",
    requirements: ["schemathesis>=4.32,<5"],
    variable: "TIDEGATE_SCHEMATHESIS_PYTHON",
    limitMs: 300_000,
  });
}
