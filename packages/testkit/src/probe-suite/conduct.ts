/** Returns what a call throws. */
export function thrownBy(work: () => void): { error: unknown } {
  try {
    work();
  } catch (error) {
    return { error };
  }
  throw new Error("It was accepted.");
}

/** Freezes a value, so that a part that changes what it is asked fails. */
export function deepFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const child of Object.values(value)) deepFrozen(child);
    Object.freeze(value);
  }
  return value;
}
