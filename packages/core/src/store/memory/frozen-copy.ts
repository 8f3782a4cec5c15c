/** Returns a deep, immutable copy of plain data, so that it may be handed out any number of times. */
export function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const fields = Object.entries(value).map(([key, field]) => [key, frozenCopy(field)]);
  return Object.freeze(Object.fromEntries(fields)) as T;
}
