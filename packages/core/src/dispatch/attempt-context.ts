import type { DirtyDataLimit } from "../job/dirty-data-limit.js";
import type { JobContext } from "../operator/operator.js";
import type { Cancellation } from "./cancellation.js";

/** The context in which an operator is called. The signal is made only for operators that look at it. */
export class AttemptContext implements JobContext {
  readonly #abort: Cancellation;
  readonly dirtyData?: DirtyDataLimit;

  constructor(abort: Cancellation, dirtyData: DirtyDataLimit | null) {
    this.#abort = abort;
    if (dirtyData !== null) this.dirtyData = dirtyData;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }
}
