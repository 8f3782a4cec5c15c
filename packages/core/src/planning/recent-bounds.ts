import type { Clock } from "../clock/clock.js";
import type { OffsetBounds } from "../offset/offset-provider.js";
import type { OffsetSource } from "../offset/offset-providers.js";

/** How long the bounds of a source are taken for those of now, ms, by those who need not have the newest. */
const RECENT_MS = 5_000;

/** Most sources whose bounds are remembered. */
const MOST_SOURCES = 50_000;

/** The bounds of a source, and the place of the question for them among all questions. */
interface Answer {
  readonly bounds: OffsetBounds;
  readonly turn: number;
}

/** The newest bounds of sources, by the order in which they were asked for. */
export class RecentBounds {
  readonly #clock: Clock;
  readonly #most: number;
  /** The newest answers by the fields of their sources, oldest first. */
  readonly #answers = new Map<string, Answer>();
  /** Questions that are shared by those who ask meanwhile. */
  readonly #asking = new Map<string, Promise<OffsetBounds>>();
  #turn = 0;

  /** @param most - how many sources are remembered. @default 50,000 */
  constructor(clock: Clock, most = MOST_SOURCES) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Returns the newest bounds of a source, however old; `undefined` if they are not remembered. */
  known(source: OffsetSource): OffsetBounds | undefined {
    return this.#answers.get(keyOf(source))?.bounds;
  }

  /** Asks for the bounds of a source, and remembers them unless a later question was answered before. */
  async ask(source: OffsetSource, question: () => Promise<OffsetBounds>): Promise<OffsetBounds> {
    const key = keyOf(source);
    const [at, turn] = [this.#clock.now(), this.#turn];
    this.#turn += 1;
    const bounds = await question();
    const before = this.#answers.get(key);
    if (before !== undefined && before.turn > turn) return bounds;
    // The order matters only once there may soon be too many.
    if (2 * this.#answers.size >= this.#most) {
      this.#answers.delete(key);
      if (this.#answers.size >= this.#most) this.#answers.delete(this.#answers.keys().next().value!);
    }
    this.#answers.set(key, { bounds: bounds.at === at ? bounds : { ...bounds, at }, turn });
    return bounds;
  }

  /** Returns the bounds of a source as of a moment ago: asks only if nobody has within five seconds. */
  recent(source: OffsetSource, question: () => Promise<OffsetBounds>): OffsetBounds | Promise<OffsetBounds> {
    const known = this.known(source);
    const age = known === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() - known.at;
    if (known !== undefined && age >= 0 && age < RECENT_MS) return known;
    const key = keyOf(source);
    const asking =
      this.#asking.get(key) ?? this.ask(source, question).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }
}

const keys = new WeakMap<OffsetSource, string>();

/** A schedule that is kept in memory has one source, which is looked at again and again. */
function keyOf(source: OffsetSource): string {
  const known = keys.get(source);
  if (known !== undefined) return known;
  const key = JSON.stringify(source);
  keys.set(source, key);
  return key;
}
