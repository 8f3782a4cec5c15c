/** A part of a Tidegate instance that works from its start to its stop. */
export interface Service {
  start(): Promise<void> | void;
  /** Also called if `start` has failed. */
  stop(): Promise<void> | void;
}

/**
 * Starts services in order. If one cannot be started, it and those before it are stopped again.
 *
 * @throws what the service threw that could not be started
 */
export async function startAll(services: readonly Service[]): Promise<void> {
  for (const [index, service] of services.entries()) {
    try {
      await service.start();
    } catch (error) {
      // The original error matters more than errors of this cleanup.
      await stopAll(services.slice(0, index + 1)).catch(() => undefined);
      throw error;
    }
  }
}

/**
 * Stops services in reverse order, all of them even if one cannot be stopped.
 *
 * @throws the first error
 */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const failures: unknown[] = [];
  for (const service of [...services].reverse()) {
    try {
      await service.stop();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
