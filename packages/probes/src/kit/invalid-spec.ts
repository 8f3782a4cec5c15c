/** The error for an entry of `ready` that a probe does not accept. */
export class InvalidSpec extends Error {
  override readonly name = "InvalidSpec";

  /**
   * @param field - path of the offending field in the entry; empty for the entry itself
   * @param problem - without the field
   */
  constructor(
    readonly field: string,
    problem: string,
  ) {
    super(problem);
  }
}
