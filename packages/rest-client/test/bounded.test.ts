import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { unlessAborted } from "../src/index.js";

describe("work that a signal cuts short", () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
  });
  afterEach(() => {
    process.off("unhandledRejection", note);
  });

  it("is awaited unless the signal is aborted", async () => {
    expect(await unlessAborted(Promise.resolve(7), new AbortController().signal)).toBe(7);
  });

  it.each(["before", "meanwhile"])("may fail later, when the signal was aborted %s", async (when) => {
    const abort = new AbortController();
    const reason = new Error("enough");
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    if (when === "before") abort.abort(reason);
    const waiting = unlessAborted(work, abort.signal).catch((error: unknown) => error);
    abort.abort(reason);
    expect(await waiting).toBe(reason);
    fail(new Error("too late"));
    // Rejections that nobody handles are reported once the microtasks have run.
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
  });
});
