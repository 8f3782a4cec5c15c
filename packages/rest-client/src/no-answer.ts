/** A request that got no whole answer. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  /** @param isSent - `false` where nothing of the request was written, so that nobody can have taken it */
  constructor(
    readonly isSent: boolean,
    override readonly cause: Error,
  ) {
    super(cause.message);
  }

  /** The code of the connection's error, such as `ECONNREFUSED`; `undefined` for one that has none, as a time-out. */
  get code(): string | undefined {
    const { code } = this.cause as NodeJS.ErrnoException;
    return typeof code === "string" ? code : undefined;
  }
}

/** An answer that is not HTTP. What was received stays out of it, which may be what was sent. */
export class NotHttp extends Error {
  override readonly name = "NotHttp";

  constructor(readonly code: string) {
    super("answered with something that is not HTTP");
  }
}
