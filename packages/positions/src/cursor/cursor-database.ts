/** A column by which a table is read, as its database knows it. */
export interface CursorColumn {
  /** Names this life of the table, or of the file that holds it. */
  readonly incarnation: string;
  /** Whether no two rows have the same value. */
  readonly isUnique: boolean;
  /** Whether rows may lack a value. */
  readonly isNullable: boolean;
  /** The position behind all values that were ever given, if the database keeps it. */
  readonly next?: string;
  /** The least value that the column's type can hold. */
  readonly lowest: string;
}

/** A database whose tables are read by a cursor column: what `sqliteDatabase` and `duckdbDatabase` return. */
export interface CursorDatabase {
  /** Whether rows appear in the order of their keys, since only one transaction at a time can write. */
  readonly isOrdered: boolean;
  /** Opens it for one question. */
  connect(): Promise<CursorConnection> | CursorConnection;
}

/** An open database. */
export interface CursorConnection {
  /**
   * Runs one query and returns its rows.
   *
   * @throws SourceError SOURCE_INVALID if the query names what does not exist, SOURCE_UNAVAILABLE otherwise
   */
  query(sql: string): Promise<readonly SqlRow[]>;
  /**
   * Describes a column.
   *
   * @param table - its name, after those of its schema and database if given
   * @throws SourceError SOURCE_INVALID if there is no such column, or it holds no whole numbers
   */
  column(table: readonly string[], column: string): Promise<CursorColumn>;
  /** Returns the SQL for the epoch ms of a column with instants. */
  epochMs(column: string): string;
  close(): void;
}

/** A row with its values as texts. */
export type SqlRow = Readonly<Record<string, string | null>>;

/** Returns a name as SQL has it. */
export function quoted(...names: readonly string[]): string {
  return names.map((name) => `"${name.replaceAll('"', '""')}"`).join(".");
}

/** Returns a text as SQL has it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
