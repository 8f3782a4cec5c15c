/** The group around which dependencies are shown, in the page's address. */
export interface DependenciesSearch {
  readonly group?: string | undefined;
}

export function dependenciesSearch({ group }: Record<string, unknown>): DependenciesSearch {
  return { group: typeof group === "string" && group !== "" ? group : undefined };
}
