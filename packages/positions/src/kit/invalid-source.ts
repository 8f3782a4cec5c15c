/** The error for a source that a provider does not accept. */
export class InvalidSource extends Error {
  override readonly name = "InvalidSource";

  /**
   * @param field - path of the offending field in the source; empty for the source itself
   * @param problem - without the field
   */
  constructor(
    readonly field: string,
    problem: string,
  ) {
    super(problem);
  }
}
