import type { DirtyDataLimit } from "../job/dirty-data-limit.js";
import type { JobContext } from "../operator/operator.js";
import type { Cancellation } from "./cancellation.js";

/** Context of an operator call. The signal is created only for operators that use it. */
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
