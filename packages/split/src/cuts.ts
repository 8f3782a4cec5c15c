/** The most characters of a text at which a key space is cut: a prefix cuts it nearly as well. */
const LONGEST_CUT = 100;

/**
 * Returns the numbers that cut a range into parts of equal length. Instants are numbers too: epoch ms, for example.
 *
 * @param min - the least key
 * @param max - the greatest key
 * @param count - how many parts to aim for, at least 1; there are fewer if the range has fewer numbers
 * @returns ascending and distinct, from above `min` to `max`
 */
export function evenCuts(min: bigint, max: bigint, count: number): bigint[] {
  const length = max - min + 1n;
  const parts = BigInt(count);
  const cuts = new Set<bigint>();
  for (let part = 1n; part < parts; part += 1n) {
    const cut = min + (length * part) / parts;
    if (cut > min && cut <= max) cuts.add(cut);
  }
  return [...cuts];
}

/**
 * Returns the keys of a sample that cut it into parts with about as many keys each. A key that is frequent enough for
 * several parts makes one.
 *
 * @param sorted - the sample, ascending in the order in which the source compares its keys
 * @param count - how many parts to aim for, at least 1
 * @returns ascending and distinct; long texts are cut to their first 100 characters
 */
export function quantileCuts<Key extends bigint | string>(sorted: readonly Key[], count: number): Key[] {
  const cuts = new Set<Key>();
  for (let part = 1; part < count; part += 1) {
    const key = sorted[Math.floor((sorted.length * part) / count)];
    if (key !== undefined && key !== sorted[0]) cuts.add(shortened(key));
  }
  return [...cuts];
}

/** Orders texts as their UTF-8 bytes: as the collation "C" of Postgres, and SQLite and DuckDB by default, do. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A prefix comes before the text and not before what comes before the prefix, so that cuts stay in order. */
function shortened<Key extends bigint | string>(key: Key): Key {
  if (typeof key !== "string" || key.length <= LONGEST_CUT) return key;
  return [...key].slice(0, LONGEST_CUT).join("") as Key;
}
