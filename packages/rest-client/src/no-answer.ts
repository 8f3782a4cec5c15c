/** The error of a request that got no complete answer. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  /** @param isSent - `false` if nothing of the request was written, so that nobody can have received it */
  constructor(
    readonly isSent: boolean,
    override readonly cause: Error,
  ) {
    super(cause.message);
  }

  /**
   * The code of the connection's error, such as `ECONNREFUSED`; `undefined` if it has none, as with a
   * timeout.
   */
  get code(): string | undefined {
    const { code } = this.cause as NodeJS.ErrnoException;
    return typeof code === "string" ? code : undefined;
  }
}

/** The error of an answer that is not HTTP. It omits what was received, which may echo what was sent. */
export class NotHttp extends Error {
  override readonly name = "NotHttp";

  constructor(readonly code: string) {
    super("answered with something that is not HTTP");
  }
}
