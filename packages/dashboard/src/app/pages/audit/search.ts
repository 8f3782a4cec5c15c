/** The groups that are audited, in the page's address. */
export interface AuditSearch {
  /** The beginning of their ids. @default all */
  readonly q?: string | undefined;
}

export function auditSearch({ q }: Record<string, unknown>): AuditSearch {
  return { q: typeof q === "string" && q !== "" ? q : undefined };
}
