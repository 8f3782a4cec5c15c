import type { Container, ContainerModule, ServiceIdentifier } from "inversify";
import { unfitOption } from "../options/parse-options.js";

/** A kind of part: the option that takes it, and the members by which it is recognized. */
export interface PartKind<T> {
  readonly field:
    | "store"
    | "engines"
    | "engineClients"
    | "operators"
    | "gates"
    | "probes"
    | "offsetProviders";
  readonly token: ServiceIdentifier<T>;
  readonly members: readonly (keyof T & string)[];
  /** A call that makes one, for the error's message. */
  readonly example: string;
}

/**
 * Loads parts into a container: objects are bound as they are, modules bind themselves.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID if one is neither
 */
export function loadParts<T>(container: Container, kind: PartKind<T>, parts: readonly unknown[]): void {
  for (const part of parts) {
    if (isModule(part)) container.load(part);
    else if (isPart(part, kind)) container.bind(kind.token).toConstantValue(part);
    else throw unfitPart(kind, part);
  }
}

/**
 * Recognizes a module by its shape, not its class, since a package may bring another copy of the container
 * library.
 */
export function isModule(part: unknown): part is ContainerModule {
  if (typeof part !== "object" || part === null) return false;
  const { load, id } = part as { load?: unknown; id?: unknown };
  return typeof load === "function" && typeof id === "number";
}

function isPart<T>(part: unknown, { members }: PartKind<T>): part is T {
  return typeof part === "object" && part !== null && members.every((member) => member in part);
}

function unfitPart<T>({ field, members, example }: PartKind<T>, part: unknown): Error {
  if (typeof part === "function") {
    return unfitOption("TidegateOptions", field, `must not hold a function: call it, as in ${example}`);
  }
  const missing =
    typeof part === "object" && part !== null ? members.filter((member) => !(member in part)) : members;
  const lacks = `lacks ${missing.join(", ")}; pass what a package's factory returns, as in ${example}`;
  return unfitOption("TidegateOptions", field, `a part (${part === null ? "null" : typeof part}) ${lacks}`);
}
