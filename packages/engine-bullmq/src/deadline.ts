import { EngineError } from "@tidegate/core";

/**
 * The promise's result, or an error when it does not come in time. A client of Redis may wait for ever: for a cluster
 * to be found, for a server that has stopped to answer.
 *
 * @throws EngineError ENGINE_FAILED when there is no result after `ms`
 */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `Redis has not answered for ${ms} ms: is it reachable and not overloaded?`;
    timer = setTimeout(() => reject(new EngineError("ENGINE_FAILED", message)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
