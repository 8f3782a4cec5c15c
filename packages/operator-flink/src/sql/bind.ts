import {
  type BoundPlaceholder,
  BRACES,
  type Filling,
  hasLooseBraces,
  invalidJob,
  isBound,
  namesIn,
  placeholderOf,
  placeholderText,
  unknownPlaceholder,
} from "@tidegate/operator-kit";
import { literalOf } from "./literal.js";
import { type Piece, scan } from "./scan.js";

/** Values for a statement; `undefined` if only its form is checked. */
export interface Binding {
  readonly filling?: Filling;
  /** The values of the secrets that it names. */
  readonly secrets?: ReadonlyMap<string, string>;
}

/**
 * Fills a statement's placeholders. In code they become typed literals. Inside a string they become part of
 * its text, quotes doubled: bounds for paths and options, secrets for passwords. Comments are left as they
 * are.
 *
 * @param field - of the job, for errors
 * @throws OperatorError JOB_INVALID for a placeholder that is unknown or misplaced
 */
export function bind(sql: string, field: string, binding: Binding): string {
  return scan(sql)
    .map((piece) => (piece.kind === "comment" ? piece.text : bindPiece(piece, field, binding)))
    .join("");
}

/** @throws OperatorError JOB_INVALID with the field of the first placeholder that cannot be filled */
export function checkPlaceholders(
  sql: string,
  field: string,
  allowed: { readonly boundaries: boolean; readonly hasSecret: (name: string) => boolean },
): void {
  for (const name of namesInCode(sql)) {
    const placeholder = placeholderOf(name);
    if (placeholder === undefined) throw invalidJob(field, unknownPlaceholder(name));
    if (placeholder.kind === "secret" && !allowed.hasSecret(placeholder.name)) {
      throw invalidJob(field, `the operator has no secret "${placeholder.name}"`);
    }
    if (placeholder.kind !== "secret" && !allowed.boundaries) {
      throw invalidJob(field, `{{${name}}} is of one interval, and tables are shared by all`);
    }
  }
  const isLoose = ({ kind, text }: Piece): boolean => kind !== "comment" && hasLooseBraces(text);
  if (scan(sql).some(isLoose)) throw invalidJob(field, "{{ without }} behind it");
  bind(sql, field, {});
}

/** Returns whether a statement names the interval's lower or upper bound. */
export function namesBound(sql: string): boolean {
  return boundsIn(sql).length > 0;
}

/** Returns the bounds that a statement names. */
export function boundsIn(sql: string): BoundPlaceholder[] {
  return namesInCode(sql).map(placeholderOf).filter(isBound);
}

/** Returns the names of the secrets that a statement needs. */
export function secretsIn(sql: string): string[] {
  return namesInCode(sql).flatMap((name) => {
    const placeholder = placeholderOf(name);
    return placeholder?.kind === "secret" ? [placeholder.name] : [];
  });
}

function namesInCode(sql: string): string[] {
  return scan(sql).flatMap(({ kind, text }) => (kind === "comment" ? [] : namesIn(text)));
}

function bindPiece({ kind, text }: Piece, field: string, { filling, secrets }: Binding): string {
  return text.replace(BRACES, (braces, name: string) => {
    const placeholder = placeholderOf(name);
    if (placeholder === undefined) throw invalidJob(field, unknownPlaceholder(name));
    if (kind === "quoted") throw invalidJob(field, `{{${name}}} must not stand in a quoted name`);
    if (placeholder.kind === "secret") {
      if (kind !== "string") throw invalidJob(field, `{{${name}}} must stand inside of a string`);
      return secrets?.get(placeholder.name)?.replaceAll("'", "''") ?? braces;
    }
    if (kind === "string" && placeholder.kind !== "bound") {
      throw invalidJob(field, `{{${name}}} must not stand inside of a string; it is one itself`);
    }
    if (filling === undefined) return braces;
    return kind === "string"
      ? placeholderText(placeholder, filling, field).replaceAll("'", "''")
      : literalOf(placeholder, filling, field);
  });
}
