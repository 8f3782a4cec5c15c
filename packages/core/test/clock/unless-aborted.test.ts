import { getEventListeners } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { unlessAborted } from "../../src/clock/unless-aborted.js";

/** Rejections that nobody handled, after a turn of the event loop in which Node reports them. */
async function unhandledDuring(work: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  return unhandled;
}

describe("a promise that is awaited unless a signal is aborted", () => {
  it("has its result, or its error, and leaves no listener behind", async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
    await expect(unlessAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is given up with the signal's reason when that is aborted", async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(new Promise(() => {}), controller.signal);
    controller.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("is not waited for if the signal was aborted before, even if it has a result", async () => {
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(unlessAborted(Promise.resolve(7), signal)).rejects.toThrow("stopped");
  });

  it("may fail after it was given up, which is nobody's fault", async () => {
    let fail = (): void => {};
    const late = new Promise<never>((_, reject) => {
      fail = () => reject(new Error("late"));
    });
    const unhandled = await unhandledDuring(async () => {
      const before = unlessAborted(
        Promise.reject(new Error("early")),
        AbortSignal.abort(new Error("stopped")),
      );
      await expect(before).rejects.toThrow("stopped");
      const controller = new AbortController();
      const waiting = unlessAborted(late, controller.signal);
      controller.abort(new Error("stopped"));
      await expect(waiting).rejects.toThrow("stopped");
      fail();
    });
    expect(unhandled).toEqual([]);
  });
});
