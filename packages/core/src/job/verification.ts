/**
 * Rule that an interval's rows must have arrived: after its job has succeeded, both sides of exactly that interval are
 * counted anew, and only then is the run a success.
 */
export interface VerifyRule {
  /** How far the counts may be apart: not at all, or by so many rows. */
  readonly rows: "equal" | { readonly maxDiff: number };
  /** Whether the contents are compared too, in any order of the rows. @default false */
  readonly checksum?: boolean;
  /**
   * Whether a difference fails the attempt (`ROW_MISMATCH`), or is only recorded in the run's metrics.
   * @default "fail"
   */
  readonly onMismatch?: "fail" | "record";
}

/** Counts of an interval's rows, taken after its job has succeeded. */
export interface RowCounts {
  /** Rows of the interval in the source, without those that the job has rejected. */
  readonly sourceRows: number;
  /** Rows of the interval in the target. */
  readonly targetRows: number;
  /** Rows of the interval in the source that the job has rejected. @default what the job has reported */
  readonly rejectedRows?: number;
  /** Checksums of the rows on each side, equal if the rows are. Given if they were asked for. */
  readonly checksums?: { readonly source: string; readonly target: string };
}
