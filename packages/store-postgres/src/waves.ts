/**
 * Splits a batch into waves in which no key occurs twice, in the batch's order for each key: all elements of
 * a wave are decided at once.
 *
 * @param keyOf - what two elements of one wave must not share
 * @param isAlone - whether an element needs a wave of its own
 */
export function wavesOf<T>(
  batch: readonly T[],
  keyOf: (element: T) => string,
  isAlone: (element: T) => boolean = () => false,
): { element: T; no: number }[][] {
  const waves: { element: T; no: number }[][] = [];
  let earliest = 0;
  const next = new Map<string, number>();
  for (const [no, element] of batch.entries()) {
    const alone = isAlone(element);
    if (alone) earliest = waves.length;
    const wave = Math.max(earliest, next.get(keyOf(element)) ?? 0);
    while (waves.length <= wave) waves.push([]);
    waves[wave]!.push({ element, no });
    next.set(keyOf(element), wave + 1);
    if (alone) earliest = waves.length;
  }
  return waves;
}

/** Returns which elements of a batch were made, in its order. */
export function answers(count: number, made: readonly number[]): boolean[] {
  const all = new Array<boolean>(count).fill(false);
  for (const no of made) all[no] = true;
  return all;
}
