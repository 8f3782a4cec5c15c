import { EngineError } from "@tidegate/core";
import { type ClockTimer, SystemClock } from "@tidegate/core/clock";

/** The machine's clock, not the injected one: a server answers in real time. */
const MACHINE = new SystemClock();

/**
 * Returns the promise's result, or fails if it does not settle in time. A client may wait forever: for a
 * cluster to be found, or for a stopped server to answer.
 *
 * @param server - what is waited for, as the message calls it
 * @throws EngineError ENGINE_FAILED if there is no result after `ms`
 */
export async function within<T>(server: string, ms: number, promise: Promise<T>): Promise<T> {
  let timer: ClockTimer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `${server} has not answered for ${ms} ms: is it reachable and not overloaded?`;
    timer = MACHINE.wakeAfter(ms, () => reject(new EngineError("ENGINE_FAILED", message)));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.cancel();
  }
}
