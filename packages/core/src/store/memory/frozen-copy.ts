/** A deep copy of plain data that nobody can change, so that it may be handed out as often as wanted. */
export function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const fields = Object.entries(value).map(([key, field]) => [key, frozenCopy(field)]);
  return Object.freeze(Object.fromEntries(fields)) as T;
}
