import { BOUND_TYPES, type BoundType, boundText, type Filling } from "./bounds.js";

/** Meaning of a template's braces. */
export type Placeholder =
  | { readonly kind: "bound"; readonly bound: "lower" | "upper"; readonly type: BoundType }
  | { readonly kind: "groupId" | "runId" }
  | { readonly kind: "secret"; readonly name: string };

/** Starts with a letter, so that the `{2,3}` of a pattern does not match. */
export const BRACES = /\{([A-Za-z][^{}]*)\}/g;

const BOUND = /^(lower|upper):(\w+)$/;
const SECRET = /^secret:([A-Za-z0-9_.-]{1,64})$/;

/** Returns the placeholder of this name, or `undefined` if there is none. */
export function placeholderOf(name: string): Placeholder | undefined {
  if (name === "groupId" || name === "runId") return { kind: name };
  const secret = SECRET.exec(name)?.[1];
  if (secret !== undefined) return { kind: "secret", name: secret };
  const [, bound, type] = BOUND.exec(name) ?? [];
  const known = BOUND_TYPES.find((each) => each === type);
  return known === undefined ? undefined : { kind: "bound", bound: bound as "lower" | "upper", type: known };
}

/** Returns the plain text of a placeholder; a secret has none. */
export function placeholderText(
  placeholder: Exclude<Placeholder, { kind: "secret" }>,
  filling: Filling,
): string {
  if (placeholder.kind !== "bound") return filling[placeholder.kind];
  return boundText(filling, placeholder.bound, placeholder.type);
}

/** Returns what is wrong with the name between braces. */
export function unknownPlaceholder(name: string): string {
  return `does not know {${name}}; there are {groupId}, {runId}, {secret:…}, and {lower:…} and {upper:…} with ${BOUND_TYPES.join(", ")}`;
}
