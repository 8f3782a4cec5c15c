/** Columns that a function takes as arrays, one for each: JSON would be parsed again at each step. */
export interface Columns {
  /** Their names, in order. */
  readonly names: readonly string[];
  /** The types of the parameters. */
  readonly parameters: string;
  /** The parameters as arguments of another function. */
  readonly passed: string;
  /** The same columns of rows `x`, as arguments. */
  readonly aggregated: string;
  /** The parameter of a column. */
  readonly of: (name: string) => string;
  /** The rows, as an item of a `FROM`: with all columns or `only` some, and `numbered` from 1 by another one. */
  readonly rows: (alias: string, options?: { only?: readonly string[]; numbered?: string }) => string;
}

/**
 * Returns the columns that a list such as `id text, "groupId" text` declares.
 *
 * @param first - the number of the first parameter
 */
export function columnsOf(list: string, first = 1): Columns {
  const declared = list.split(",").map((column) => {
    const [quoted, ...type] = column.trim().split(/\s+/);
    return { quoted: quoted!, name: quoted!.replaceAll('"', ""), type: `${type.join(" ")}[]` };
  });
  const names = declared.map(({ name }) => name);
  const of = (name: string): string => `$${first + names.indexOf(name)}`;
  return {
    names,
    parameters: declared.map(({ type }) => type).join(", "),
    passed: names.map(of).join(", "),
    aggregated: declared.map(({ quoted }) => `array_agg(x.${quoted})`).join(", "),
    of,
    rows: (alias, { only = names, numbered } = {}) => {
      const chosen = declared.filter(({ name }) => only.includes(name));
      const arrays = chosen.map(({ name }) => of(name)).join(", ");
      const columns = chosen.map(({ quoted }) => quoted).join(", ");
      return numbered === undefined
        ? `unnest(${arrays}) AS ${alias} (${columns})`
        : `unnest(${arrays}) WITH ORDINALITY AS ${alias} (${columns}, ${numbered})`;
    },
  };
}
